"""The robot «Add to list»: puts the client into a static segment."""

from __future__ import annotations

from typing import ClassVar

from robots.change_list import ChangeList
from robots.properties import Texts


class AddToList(ChangeList):
    """Put the client on the list; who is there already stays there."""

    code = "add_to_list"
    name: ClassVar[Texts] = {"ru": "Добавить в статический сегмент", "en": "Add to static segment"}
    description: ClassVar[Texts] = {
        "ru": "Добавляет клиента в сегмент-список. Повтор ничего не меняет.",
        "en": "Puts the client into a static segment. Doing it again changes nothing.",
    }
    puts = True
    changed: ClassVar[Texts] = {"ru": "{client}: добавлен в «{title}».", "en": "{client}: added to “{title}”."}
    unchanged: ClassVar[Texts] = {"ru": "{client}: уже в «{title}».", "en": "{client}: is in “{title}” already."}
