"""What a portal's administrator has set up: pipelines, stages, dictionaries, currencies, user fields. Data only.

Names, colours and numbers of the standard stages are the vendor's own (crm.status.list, "Возвращаемые данные").
"""

from __future__ import annotations

from typing import NamedTuple

from sandbox.company.days import DAY, PAST, Days
from sandbox.company.record import Record

PIPELINES = ((0, "Продажи"), (1, "Сервис"))


class Stage(NamedTuple):
    """One stage of the deal kanban; semantics are P (in progress), S (won), F (lost)."""

    category: int
    id: str
    name: str
    semantics: str
    color: str
    probability: int


STAGES = (
    Stage(0, "NEW", "Новая", "P", "#39A8EF", 10),
    Stage(0, "PREPARATION", "Подготовка документов", "P", "#2FC6F6", 30),
    Stage(0, "PREPAYMENT_INVOICE", "Счёт на предоплату", "P", "#55D0E0", 50),
    Stage(0, "EXECUTING", "В работе", "P", "#47E4C2", 70),
    Stage(0, "FINAL_INVOICE", "Финальный счёт", "P", "#FFA900", 90),
    Stage(0, "WON", "Сделка успешна", "S", "#7BD500", 100),
    Stage(0, "LOSE", "Сделка провалена", "F", "#FF5752", 0),
    Stage(0, "APOLOGY", "Анализ причины провала", "F", "#FF5752", 0),
    Stage(1, "C1:NEW", "Заявка", "P", "#39A8EF", 20),
    Stage(1, "C1:PREPARATION", "Подготовка документов", "P", "#2FC6F6", 40),
    Stage(1, "C1:EXECUTING", "Выезд инженера", "P", "#47E4C2", 70),
    Stage(1, "C1:FINAL_INVOICE", "Акт и оплата", "P", "#FFA900", 90),
    Stage(1, "C1:WON", "Выполнено", "S", "#7BD500", 100),
    Stage(1, "C1:LOSE", "Отказ", "F", "#FF5752", 0),
)
STAGE_INDEX = {stage.id: index for index, stage in enumerate(STAGES)}
FIRST_AND_LAST = ("NEW", "WON", "LOSE", "CONVERTED", "JUNK")  # stages that nobody may delete

LEAD_STAGES = (  # id, name, semantics, colour
    ("NEW", "Не обработан", None, "#39A8EF"),
    ("IN_PROCESS", "В работе", None, "#2FC6F6"),
    ("PROCESSED", "Обработан", None, "#55D0E0"),
    ("CONVERTED", "Качественный лид", "S", "#7BD500"),
    ("JUNK", "Некачественный лид", "F", "#FF5752"),
)

DICTIONARIES: dict[str, tuple[tuple[str, str], ...]] = {
    "DEAL_TYPE": (
        ("SALE", "Продажа"),
        ("SERVICE", "Сервисное обслуживание"),
        ("COMPLEX", "Комплексная продажа"),
        ("GOODS", "Продажа товара"),
        ("SERVICES", "Услуги"),
    ),
    "SOURCE": (
        ("CALL", "Звонок"),
        ("EMAIL", "Электронная почта"),
        ("WEB", "Веб-сайт"),
        ("ADVERTISING", "Реклама"),
        ("PARTNER", "Существующий клиент"),
        ("RECOMMENDATION", "По рекомендации"),
        ("TRADE_SHOW", "Выставка"),
        ("OTHER", "Другое"),
    ),
    "CONTACT_TYPE": (("CLIENT", "Клиенты"), ("SUPPLIER", "Поставщики"), ("PARTNER", "Партнёры"), ("OTHER", "Другое")),
    "COMPANY_TYPE": (
        ("CUSTOMER", "Клиент"),
        ("SUPPLIER", "Поставщик"),
        ("COMPETITOR", "Конкурент"),
        ("PARTNER", "Партнёр"),
        ("OTHER", "Другое"),
    ),
    "INDUSTRY": (
        ("CATERING", "Общественное питание"),
        ("HOTEL", "Гостиницы"),
        ("OFFICE", "Офисы"),
        ("TRADE", "Торговля"),
        ("EDUCATION", "Образование"),
        ("MEDICINE", "Медицина"),
        ("OTHER", "Другое"),
    ),
    "EMPLOYEES": (
        ("EMPLOYEES_1", "менее 50"),
        ("EMPLOYEES_2", "50-250"),
        ("EMPLOYEES_3", "250-500"),
        ("EMPLOYEES_4", "более 500"),
    ),
    "HONORIFIC": (("HNR_RU_1", "г-н"), ("HNR_RU_2", "г-жа")),
}

CURRENCIES = (  # code, name, rate to the base currency, format
    ("RUB", "Российский рубль", 1.0, "# &#8381;"),
    ("USD", "Доллар США", 80.0, "$#"),
    ("EUR", "Евро", 92.0, "&euro;#"),
)
RATES = {code: rate for code, _, rate, _ in CURRENCIES}

CONSENTS = (  # item id of the enumeration, text
    (41, "E-mail"),
    (42, "SMS"),
    (43, "E-mail и SMS"),
    (44, "Мессенджеры"),
    (45, "Не согласен на рассылки"),
)
MEMBERSHIP = ("Договор обслуживания действует до", "Service contract valid till")
USER_FIELDS = (  # entity, name, type, Russian and English labels
    ("CRM_CONTACT", "UF_CRM_MEMBERSHIP_END", "date", *MEMBERSHIP),
    ("CRM_COMPANY", "UF_CRM_MEMBERSHIP_END", "date", *MEMBERSHIP),
    ("CRM_DEAL", "UF_CRM_EQUIPMENT", "string", "Оборудование", "Equipment"),
    ("CRM_DEAL", "UF_CRM_WARRANTY_TILL", "date", "Гарантия до", "Warranty till"),
    ("CRM_CONTACT", "UF_CRM_CONSENT", "enumeration", "Согласие на рассылки", "Mailing consent"),
)


def list_categories() -> list[Record]:
    return [
        {
            "ID": id_,
            "NAME": name,
            "SORT": (id_ + 1) * 100,
            "ENTITY_TYPE_ID": 2,
            "IS_DEFAULT": "Y" if id_ == 0 else "N",
            "ORIGIN_ID": "",
            "ORIGINATOR_ID": "",
        }
        for id_, name in PIPELINES
    ]


def list_statuses() -> list[Record]:
    """Rows of all dictionaries: deal stages, lead stages, then the plain ones; numbers start with 1."""
    rows = [_stage_row(stage) for stage in STAGES]
    rows += [_row("STATUS", id_, name) | {"SEMANTICS": semantics, "COLOR": color} for id_, name, semantics, color in LEAD_STAGES]
    rows += [row for dictionary in DICTIONARIES for row in list_dictionary(dictionary)]
    places: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        places[row["ENTITY_ID"]] = places.get(row["ENTITY_ID"], 0) + 10
        row.update(ID=number, SORT=places[row["ENTITY_ID"]])
    return rows


def list_dictionary(name: str) -> list[Record]:
    """Rows of one plain dictionary, without numbers and order."""
    return [_row(name, id_, title) for id_, title in DICTIONARIES[name]]


def stage_dictionary(category: int) -> str:
    """The ENTITY_ID of a pipeline's stages."""
    return f"DEAL_STAGE_{category}" if category else "DEAL_STAGE"


def _stage_row(stage: Stage) -> Record:
    semantics = None if stage.semantics == "P" else stage.semantics
    row = _row(stage_dictionary(stage.category), stage.id, stage.name)
    return row | {"CATEGORY_ID": stage.category or None, "COLOR": stage.color, "SEMANTICS": semantics}


def _row(dictionary: str, id_: str, name: str) -> Record:
    is_system = id_.rpartition(":")[2] in FIRST_AND_LAST
    return {
        "ID": 0,
        "ENTITY_ID": dictionary,
        "STATUS_ID": id_,
        "NAME": name,
        "NAME_INIT": name if is_system else "",
        "SORT": 0,
        "SYSTEM": "Y" if is_system else "N",
        "CATEGORY_ID": None,
        "COLOR": None,
        "SEMANTICS": None,
    }


def list_currencies(days: Days) -> list[Record]:
    return [
        {
            "ID": number,
            "CURRENCY": code,
            "AMOUNT_CNT": 1,
            "AMOUNT": rate,
            "SORT": number * 100,
            "BASE": "Y" if code == "RUB" else "N",
            "FULL_NAME": name,
            "LID": "ru",
            "FORMAT_STRING": pattern,
            "DEC_POINT": ".",
            "THOUSANDS_SEP": "&nbsp;",
            "DECIMALS": 2,
            "DATE_UPDATE": days.moment((PAST - 30) * DAY + 600),
        }
        for number, (code, name, rate, pattern) in enumerate(CURRENCIES, 1)
    ]


def list_user_fields() -> list[Record]:
    return [_user_field(number, *declared) for number, declared in enumerate(USER_FIELDS, 1)]


def _user_field(number: int, *declared: str) -> Record:
    entity, name, kind, russian, english = declared
    label = {"ru": russian, "en": english}
    items = [
        {"ID": id_, "SORT": place * 10, "VALUE": text, "DEF": "N", "XML_ID": f"consent_{id_}"}
        for place, (id_, text) in enumerate(CONSENTS, 1)
    ]
    return {
        "ID": number,
        "ENTITY_ID": entity,
        "FIELD_NAME": name,
        "USER_TYPE_ID": kind,
        "XML_ID": None,
        "SORT": number * 100,
        "MULTIPLE": "N",
        "MANDATORY": "N",
        "SHOW_FILTER": "E",
        "SHOW_IN_LIST": "Y",
        "EDIT_IN_LIST": "Y",
        "IS_SEARCHABLE": "N",
        "SETTINGS": {},
        "EDIT_FORM_LABEL": label,
        "LIST_COLUMN_LABEL": label,
        "LIST_FILTER_LABEL": label,
        "LIST": items if kind == "enumeration" else [],
    }
