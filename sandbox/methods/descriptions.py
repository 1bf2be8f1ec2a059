"""*.fields, crm.enum.*, crm.settings.mode.get: methods that only describe. What they answer is declared here, in the catalogue's lines.

Sources: the pages of these methods; flags of a line are those of `entities`.
"""

from __future__ import annotations

from functools import partial

from marshmallow import fields

from sandbox.entities import BY_TYPE, ENTITIES, Field, camel, read_catalogue
from sandbox.params import Params
from sandbox.rest import Answer, Call, Method, Record, RestError

LINK = """
SORT integer | Сортировка
IS_PRIMARY char | Первичный
{key} integer ! | {title}
"""
DESCRIBED: dict[str, str] = {
    "crm.status.fields": """
ID integer r | ID
ENTITY_ID string !i | ID элемента сущности
STATUS_ID string !i | Статус
SORT integer | Сортировка
NAME string ! | Название
NAME_INIT string r | Название по умолчанию
SYSTEM char r | Системный
CATEGORY_ID integer i | CATEGORY_ID
COLOR string | COLOR
SEMANTICS char i | SEMANTICS
EXTRA crm_status_extra | Дополнительные поля
""",
    "crm.currency.fields": """
CURRENCY string | Валюта
AMOUNT_CNT int | Номинал
AMOUNT double | Курс обмена
BASE char r | Базовая валюта
SORT int | Сортировка
DATE_UPDATE datetime r | Дата изменения
LID string r | Сайт
FORMAT_STRING string r | Строка формата для вывода валюты
FULL_NAME string r | Название
DEC_POINT string r | Десятичная точка при выводе
THOUSANDS_SEP string r | Свой разделитель тысяч при выводе
DECIMALS int r | Количество десятичных знаков
LANG currency_localization m | Привязка к языку
""",
    "crm.currency.localizations.fields": """
FULL_NAME string | Название
FORMAT_STRING string | Строка формата для вывода валюты
DEC_POINT string | Десятичная точка при выводе
THOUSANDS_VARIANT string | Разделитель тысяч при выводе
THOUSANDS_SEP string | Свой разделитель тысяч при выводе
DECIMALS int | Количество десятичных знаков
HIDE_ZERO char | Не показывать незначащие нули
""",
    "crm.activity.fields": """
ID integer r | ID
OWNER_ID integer i | ID владельца
OWNER_TYPE_ID crm_enum_ownertype i | Тип владельца
TYPE_ID crm_enum_activitytype !i | Тип
PROVIDER_ID string | ID провайдера
PROVIDER_TYPE_ID string | Тип провайдера
PROVIDER_GROUP_ID string | Тип коннектора
ASSOCIATED_ENTITY_ID integer r | ID связанной с делом сущности
SUBJECT string ! | Тема
START_TIME datetime | Начало
END_TIME datetime | Срок
DEADLINE datetime | Срок исполнения
COMPLETED char | Выполнено
STATUS crm_enum_activitystatus | Статус
RESPONSIBLE_ID user ! | Ответственный
PRIORITY crm_enum_activitypriority | Важность
NOTIFY_TYPE crm_enum_activitynotifytype | Тип уведомлений
NOTIFY_VALUE integer | Параметр уведомления
DESCRIPTION string | Описание
DESCRIPTION_TYPE crm_enum_contenttype | Тип описания
DIRECTION crm_enum_activitydirection | Направление
LOCATION string | Место
CREATED datetime r | Дата создания
AUTHOR_ID user r | Создал
LAST_UPDATED datetime r | Дата изменения
EDITOR_ID user r | Изменил
SETTINGS object | Настройки
ORIGIN_ID string | Внешний код
ORIGINATOR_ID string | Внешний источник
RESULT_STATUS integer | RESULT_STATUS
RESULT_STREAM integer | RESULT_STREAM
RESULT_SOURCE_ID string | RESULT_SOURCE_ID
PROVIDER_PARAMS object | Параметры провайдера
PROVIDER_DATA string | Данные провайдера
RESULT_MARK integer | RESULT_MARK
RESULT_VALUE double | RESULT_VALUE
RESULT_SUM double | RESULT_SUM
RESULT_CURRENCY_ID string | RESULT_CURRENCY_ID
AUTOCOMPLETE_RULE integer | Автозаполнение
BINDINGS crm_activity_binding rm | Привязки
COMMUNICATIONS crm_activity_communication !m | Канал коммуникации
FILES diskfile m | Файлы
WEBDAV_ELEMENTS diskfile md | Добавленные файлы
IS_INCOMING_CHANNEL char r | IS_INCOMING_CHANNEL
""",
    "crm.activity.communication.fields": """
ID integer r | ID
ACTIVITY_ID integer r | Дело
ENTITY_ID integer | ID элемента сущности
ENTITY_TYPE_ID integer | Тип сущности
TYPE string | Тип
VALUE string | Значение
""",
    "crm.timeline.comment.fields": """
ID integer r | ID
CREATED datetime r | Дата добавления
ENTITY_ID integer !i | ID элемента, к которому привязан комментарий
ENTITY_TYPE string !i | Тип элемента, к которому привязан комментарий
AUTHOR_ID integer i | Автор
COMMENT string | Текст комментария
FILES attached_diskfile m | Список файлов
""",
    "crm.enum.fields": """
ID int r | ID
NAME string r | Название
SYMBOL_CODE string r | Символьный код
SYMBOL_CODE_SHORT string r | Краткий символьный код
""",
    "crm.deal.contact.fields": LINK.format(key="CONTACT_ID", title="Контакт"),
    "crm.lead.contact.fields": LINK.format(key="CONTACT_ID", title="Контакт"),
    "crm.contact.company.fields": LINK.format(key="COMPANY_ID", title="Компания"),
    "crm.company.contact.fields": LINK.format(key="CONTACT_ID", title="Контакт"),
}
# Of user fields only the flags that are set are told.
TERSE: dict[str, str] = {
    "crm.userfield.fields": """
ID int r | Ид
ENTITY_ID string i | Объект
FIELD_NAME string i | Код
USER_TYPE_ID string i | Тип данных
XML_ID string | Внешний Ид (XML ID)
SORT int | Сортировка
MULTIPLE char | Множественное
MANDATORY char | Обязательное
SHOW_FILTER char | Показывать в фильтре списка
SHOW_IN_LIST char | Показывать в списке
EDIT_IN_LIST char | Разрешать редактирование пользователем
IS_SEARCHABLE char | Значения поля участвуют в поиске
EDIT_FORM_LABEL string | Подпись в форме редактирования
LIST_COLUMN_LABEL string | Заголовок в списке
LIST_FILTER_LABEL string | Подпись фильтра в списке
ERROR_MESSAGE string | Сообщение об ошибке
HELP_MESSAGE string | Помощь
LIST uf_enum_element m | Элементы списка
SETTINGS object | Дополнительные настройки (зависят от типа)
""",
    "crm.userfield.enumeration.fields": """
ID int r | Ид
SORT int | Сортировка
VALUE string | Значение
DEF string | Значение по умолчанию
DEL string | Флаг удаления элемента
""",
}
CATEGORY = read_catalogue("""
ID integer r | ID
NAME string | NAME
SORT integer | SORT
ENTITY_TYPE_ID integer !r | ENTITY_TYPE_ID
IS_DEFAULT boolean r | IS_DEFAULT
ORIGIN_ID string | ORIGIN_ID
ORIGINATOR_ID string | ORIGINATOR_ID
""")
# An enumeration's entries: number -> name. A portal without dynamic types, quotes and invoices names only what it has.
ENUMERATIONS: dict[str, dict[int, str]] = {
    "crm.enum.activitytype": {
        0: "", 1: "Встреча", 2: "Звонок", 3: "Задача", 4: "Письмо", 5: "Действие", 6: "Пользовательское действие",
    },
    "crm.enum.activitystatus": {0: "", 1: "Ожидается", 2: "Завершено", 3: "Завершено автоматически"},
    "crm.enum.activitypriority": {0: "", 1: "низкая", 2: "средняя", 3: "высокая"},
    "crm.enum.activitydirection": {0: "", 1: "Входящее", 2: "Исходящее"},
    "crm.enum.activitynotifytype": {0: "", 1: "мин.", 2: "ч.", 3: "дн."},
    "crm.enum.contenttype": {0: "", 1: "Plain text", 2: "bbCode", 3: "HTML"},
    "crm.enum.addresstype": {
        11: "Адрес доставки", 1: "Фактический адрес", 6: "Юридический адрес", 4: "Адрес регистрации", 8: "Адрес для корреспонденции",
        9: "Адрес бенефициара",
    },
    "crm.enum.settings.mode": {1: "Классическая CRM", 2: "Простая CRM"},
}  # fmt: skip
CLASSIC = 1  # leads are switched on


class TypeParams(Params):
    """A kind of CRM object."""

    entityTypeId = fields.Integer(required=True)  # noqa: N815 - the vendor's name


def describe_plain(field: Field) -> Record:
    """Return what `*.fields` methods say of a field that no user made."""
    made: Record = {"type": field.kind, "isRequired": field.has("!"), "isReadOnly": field.has("r"), "isImmutable": field.has("i")}
    made |= {"isMultiple": field.multiple, "isDynamic": False}
    return made | ({"isDeprecated": True} if field.has("d") else {}) | {"title": field.title}


def describe_all(name: str, _call: Call) -> Answer:
    """Answer a method of DESCRIBED."""
    return Answer({field.name: describe_plain(field) for field in read_catalogue(DESCRIBED[name])})


def describe_terse(name: str, _call: Call) -> Answer:
    """Answer a method of TERSE."""
    flags = (("r", "isReadOnly"), ("i", "isImmutable"), ("m", "isMultiple"))
    known = read_catalogue(TERSE[name])
    return Answer(
        {one.name: {"type": one.kind, "title": one.title} | {word: True for flag, word in flags if one.has(flag)} for one in known}
    )


def category_fields(call: Call) -> Answer:
    """crm.category.fields"""
    entity = BY_TYPE.get(call.params["entityTypeId"])
    if entity is None:
        raise RestError(400, "NOT_FOUND", "Смарт-процесс не найден")
    if entity.section != "deals":  # assumption 8
        raise RestError(400, "ENTITY_TYPE_NOT_SUPPORTED", f"Entity type `{entity.name}` is not supported")
    return Answer({"fields": {camel(field.name): describe_plain(field) | {"upperName": field.name} for field in CATEGORY}})


def enumerate_one(name: str, _call: Call) -> Answer:
    """Answer a method of ENUMERATIONS."""
    entries = ENUMERATIONS[name].items()
    return Answer([{"ID": key, "NAME": text, "SYMBOL_CODE": None, "SYMBOL_CODE_SHORT": None} for key, text in entries])


def owner_types(_call: Call) -> Answer:
    """crm.enum.ownertype"""
    kinds = [{"ID": one.type_id, "NAME": one.title, "SYMBOL_CODE": one.name, "SYMBOL_CODE_SHORT": one.short} for one in ENTITIES]
    return Answer(kinds)


def order_owner_types(_call: Call) -> Answer:
    """crm.enum.getorderownertypes"""
    return Answer([{"attribute": "DYN", "code": "DEAL", "id": 2, "name": "Сделка"}])


def settings_mode(_call: Call) -> Answer:
    """crm.settings.mode.get"""
    return Answer(CLASSIC)


METHODS = (
    *(Method(name, partial(describe_all, name), None, "crm") for name in DESCRIBED),
    *(Method(name, partial(describe_terse, name), None, "crm") for name in TERSE),
    Method("crm.category.fields", category_fields, TypeParams, "crm"),
    *(Method(name, partial(enumerate_one, name), None, "crm") for name in ENUMERATIONS),
    Method("crm.enum.ownertype", owner_types, None, "crm"),
    Method("crm.enum.getorderownertypes", order_owner_types, None, "crm"),
    Method("crm.settings.mode.get", settings_mode, None, "crm"),
)
