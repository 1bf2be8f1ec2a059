"""The words that sentences about rules are made of, in two languages. Declarations only."""

from __future__ import annotations

from collections.abc import Mapping

ASKS = {
    "ru": {"=": "равно", "!=": "не равно", ">": "больше", ">=": "не меньше", "<": "меньше", "<=": "не больше"}
    | {"between": "от {} до {}", "anniversary": "годовщина {}", "=%": "по образцу", "!=%": "не по образцу"}
    | {"@": "одно из", "!@": "ни одно из", "%": "содержит", "!%": "не содержит", "empty": "не заполнено", "filled": "заполнено"},
    "en": {"=": "is", "!=": "is not", ">": "more than", ">=": "at least", "<": "less than", "<=": "at most"}
    | {"between": "from {} to {}", "anniversary": "anniversary {}", "=%": "matches", "!=%": "does not match"}
    | {"@": "one of", "!@": "none of", "%": "contains", "!%": "does not contain", "empty": "is empty", "filled": "is filled in"},
}
ASKS_DAY = {
    "ru": {"=": "", "!=": "кроме", ">": "позже", ">=": "не раньше", "<": "раньше", "<=": "не позже"},
    "en": {"=": "", "!=": "except", ">": "after", ">=": "not before", "<": "before", "<=": "not after"},
}
# A number of things is "exactly", not "equal to"; a number of days ago needs no word at all.
EXACTLY = {"ru": "ровно", "en": "exactly"}
GROUPS = {"all": {"ru": " и ", "en": " and "}, "any": {"ru": " или ", "en": " or "}}
WHOSE = {
    "contact": {"ru": "Контакт, ", "en": "Contact, "},
    "company": {"ru": "Компания, ", "en": "Company, "},
    "lead": {"ru": "Лид, ", "en": "Lead, "},
    "deal": {"ru": "Сделка, ", "en": "Deal, "},
}
# Deals by the state of their stage have names of their own.
STATES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "S": {"ru": ("выигранная сделка", "выигранные сделки", "выигранных сделок"), "en": ("won deal", "won deals")},
    "F": {"ru": ("проигранная сделка", "проигранные сделки", "проигранных сделок"), "en": ("lost deal", "lost deals")},
    "P": {"ru": ("сделка в работе", "сделки в работе", "сделок в работе"), "en": ("open deal", "open deals")},
}
DEALS = {"ru": ("сделка", "сделки", "сделок"), "en": ("deal", "deals")}
# Genitive, as it goes after "от ... до ..." and "не меньше".
DAY_PAST = {"ru": ("дня", "дней", "дней"), "en": ("day", "days")}
PERIOD_WORDS: Mapping[str, Mapping[str, str]] = {
    "ru": {
        "last_week": "на прошлой неделе",
        "this_week": "на этой неделе",
        "next_week": "на следующей неделе",
        "last_month": "в прошлом месяце",
        "this_month": "в этом месяце",
        "next_month": "в следующем месяце",
        "last_quarter": "в прошлом квартале",
        "this_quarter": "в этом квартале",
        "next_quarter": "в следующем квартале",
        "last_year": "в прошлом году",
        "this_year": "в этом году",
        "next_year": "в следующем году",
    },
    "en": {f"{shift}_{unit}": f"{shift} {unit}" for unit in ("week", "month", "quarter", "year") for shift in ("last", "this", "next")},
}
ASK_ACTIVITY: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "ru": {
        "any": {"any": "было общение", "in": "клиент обращался сам", "out": "мы связывались с клиентом", "none": "общения не было"},
        "call": {"any": "был звонок", "in": "был входящий звонок", "out": "был исходящий звонок", "none": "звонка не было"},
        "letter": {"any": "было письмо", "in": "было входящее письмо", "out": "было исходящее письмо", "none": "письма не было"},
        "chat": {"any": "был чат", "in": "был чат, начатый клиентом", "out": "был чат, начатый нами", "none": "чата не было"},
        "meeting": {"any": "была встреча", "in": "была встреча", "out": "была встреча", "none": "встречи не было"},
    },
    "en": {
        "any": {"any": "was in touch", "in": "the client got in touch", "out": "we got in touch", "none": "no contact"},
        "call": {"any": "there was a call", "in": "there was an incoming call", "out": "there was an outgoing call", "none": "no call"},
        "letter": {
            "any": "there was an e-mail",
            "in": "there was an incoming e-mail",
            "out": "there was an outgoing e-mail",
            "none": "no e-mail",
        },
        "chat": {
            "any": "there was a chat",
            "in": "there was a chat the client began",
            "out": "there was a chat we began",
            "none": "no chat",
        },
        "meeting": {"any": "there was a meeting", "in": "there was a meeting", "out": "there was a meeting", "none": "no meeting"},
    },
}
