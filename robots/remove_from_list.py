"""The robot «Remove from list»: takes the client out of a static segment."""

from __future__ import annotations

from typing import ClassVar

from robots.change_list import ChangeList
from robots.properties import Texts


class RemoveFromList(ChangeList):
    """Take the client, and his people, off the list; who is not there stays away."""

    code = "remove_from_list"
    name: ClassVar[Texts] = {"ru": "Убрать из статического сегмента", "en": "Remove from static segment"}
    description: ClassVar[Texts] = {
        "ru": "Убирает клиента из сегмента-списка. Повтор ничего не меняет.",
        "en": "Takes the client out of a static segment. Doing it again changes nothing.",
    }
    puts = False
    changed: ClassVar[Texts] = {"ru": "{client}: убран из «{title}».", "en": "{client}: removed from “{title}”."}
    unchanged: ClassVar[Texts] = {"ru": "{client}: в «{title}» его и не было.", "en": "{client}: was not in “{title}”."}
