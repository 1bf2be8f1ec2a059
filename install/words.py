"""What the installation says about itself, in Russian and English: titles of its steps, notes beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from b24app.sync.entities import ENTITIES
from b24app.sync.first import title_of

Texts = Mapping[str, str]

# title key of a step -> what it is called
TITLES: Mapping[str, Texts] = {
    "robots": {"ru": "Роботы", "en": "Robots"},
    "events": {"ru": "События CRM", "en": "CRM events"},
    "offline": {"ru": "Очередь событий", "en": "Event queue"},
    "placements": {"ru": "Вкладки в карточках", "en": "Tabs in the cards"},
    "templates": {"ru": "Шаблон предложения", "en": "Offer template"},
    "sync.clients": {"ru": "Клиенты", "en": "Clients"},
    "sync.segments": {"ru": "Сегменты", "en": "Segments"},
    **{title_of(entity): {"ru": entity.title_ru, "en": entity.title_en} for entity in ENTITIES},
}

NOTES: Mapping[str, Texts] = {
    "busy": {"ru": "портал просит подождать", "en": "the portal asks to wait"},
    "paused": {"ru": "приостановлено администратором", "en": "paused by an administrator"},
    "unavailable": {
        "ru": "недоступно на этом портале: {reason}. Остальное работает без этого.",
        "en": "not available in this portal: {reason}. Everything else works without it.",
    },
    "needs_app": {
        "ru": "только для установленного приложения: портал подключён вебхуком",
        "en": "for an installed application only: the portal is connected by a webhook",
    },
    "given_up": {"ru": "портал слишком долго не отвечал", "en": "the portal did not answer for too long"},
    "failed": {"ru": "не получилось: {reason}", "en": "it did not work: {reason}"},
}

# Portal's code -> what an administrator can make of it
REASONS: Mapping[str, Texts] = {
    "access_denied": {"ru": "тариф или права не позволяют", "en": "the plan or the rights do not allow it"},
    "insufficient_scope": {"ru": "не отмечено право приложения", "en": "a permission of the application is not ticked"},
    "error_wrong_handler_url": {
        "ru": "портал не принимает адрес приложения B24APP_URL",
        "en": "the portal does not accept the application's address B24APP_URL",
    },
    "error_unsupported_protocol": {"ru": "адрес приложения должен быть https://", "en": "the application's address must be https://"},
    "docgen_limit_error": {"ru": "исчерпан лимит документов тарифа", "en": "the plan's limit of documents is used up"},
    "error_method_not_found": {"ru": "на портале нет этой возможности", "en": "the portal does not have this feature"},
}


def write_note(key: str, code: str = "") -> str:
    """Return a note as it is stored: it is read in the language of whoever looks."""
    return json.dumps({"note": key, "code": code}) if code else key


def read_note(stored: str | None, lang: str) -> str:
    """Return a stored note as a sentence; one that we do not know as it is."""
    if not stored:
        return ""
    note, code = _parts(stored)
    if note not in NOTES:
        return stored
    reason = REASONS[code.lower()][lang] if code.lower() in REASONS else code
    return NOTES[note][lang].format(reason=reason)


def read_title(key: str, lang: str) -> str:
    """Return what a step is called."""
    return TITLES[key][lang] if key in TITLES else key


def _parts(stored: str) -> tuple[str, str]:
    try:
        value: Any = json.loads(stored)
    except ValueError:
        return stored, ""
    return (str(value.get("note", "")), str(value.get("code", ""))) if isinstance(value, dict) else (stored, "")
