"""The types of user fields: names, and the settings each has with what they are when nobody sets them. Declares only.

Sources: crm-userfield-types, userfieldconfig-get-types, userfieldconfig-add (settings). Defaults that no sample shows: assumption 25.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Setting:
    """One setting of a type: its kind and title, as crm.userfield.settings.fields describes it, and its default."""

    name: str
    kind: str
    title: str
    default: Any = None


@dataclass(frozen=True)
class UserFieldType:
    """A type: its id, what crm.userfield.types and userfieldconfig.getTypes call it."""

    id: str
    title: str
    description: str
    settings: tuple[Setting, ...] = field(default=())

    @property
    def defaults(self) -> dict[str, Any]:
        """Return the settings of a field for which nothing was set."""
        return {setting.name: setting.default for setting in self.settings}


def _value(kind: str, default: Any = None) -> Setting:
    return Setting("DEFAULT_VALUE", kind, "Значение по умолчанию", default)


SIZE = Setting("SIZE", "int", "Размер поля", 20)
ROWS = Setting("ROWS", "int", "Количество строк", 1)
LENGTHS = (Setting("MIN_LENGTH", "int", "Минимальная длина", 0), Setting("MAX_LENGTH", "int", "Максимальная длина", 0))
BOUNDS = (Setting("MIN_VALUE", "double", "Минимальное значение", 0), Setting("MAX_VALUE", "double", "Максимальное значение", 0))
MOMENT = _value("datetime", {"TYPE": "NONE", "VALUE": ""})
DISPLAY = Setting("DISPLAY", "string", "Внешний вид", "LIST")
HEIGHT = Setting("LIST_HEIGHT", "int", "Высота списка", 1)
IBLOCK = (
    DISPLAY,
    HEIGHT,
    Setting("IBLOCK_ID", "int", "Инфоблок", 0),
    _value("string", ""),
    Setting("ACTIVE_FILTER", "char", "Активные", "N"),
)

TYPES = (
    UserFieldType(
        "string", "Строка", "Строка",
        (_value("string", ""), ROWS, SIZE, Setting("REGEXP", "string", "Регулярное выражение", ""), *LENGTHS),
    ),
    UserFieldType("integer", "Целое число", "Целое число", (_value("int"), SIZE, *BOUNDS)),
    UserFieldType("double", "Число", "Число", (_value("double"), Setting("PRECISION", "int", "Точность", 2), SIZE, *BOUNDS)),
    UserFieldType(
        "boolean", "Да/Нет", "Да/Нет",
        (_value("int", 0), Setting("DISPLAY", "string", "Внешний вид", "CHECKBOX"), Setting("LABEL_CHECKBOX", "string", "Подпись", "")),
    ),
    UserFieldType(
        "enumeration", "Список", "Список",
        (DISPLAY, HEIGHT, Setting("CAPTION_NO_VALUE", "string", "Подпись пустого", ""), Setting("SHOW_NO_VALUE", "char", "Показать", "Y")),
    ),
    UserFieldType(
        "datetime", "Дата/Время", "Дата со временем",
        (MOMENT, Setting("USE_SECOND", "char", "Секунды", "Y"), Setting("USE_TIMEZONE", "char", "Часовой пояс", "N")),
    ),
    UserFieldType("date", "Дата", "Дата", (MOMENT,)),
    UserFieldType("money", "Деньги", "Деньги", (_value("string", ""),)),
    UserFieldType(
        "url", "Ссылка", "Ссылка", (Setting("POPUP", "char", "Открывать в новом окне", "Y"), SIZE, *LENGTHS, _value("string", ""), ROWS)
    ),
    UserFieldType("address", "Адрес Google карты", "Адрес", (Setting("SHOW_MAP", "char", "Показывать карту", "Y"),)),
    UserFieldType(
        "file", "Файл", "Файл", (SIZE, Setting("LIST_WIDTH", "int", "Ширина", 0), Setting("LIST_HEIGHT", "int", "Высота", 0))
    ),
    UserFieldType("employee", "Привязка к пользователю", "Привязка к сотруднику"),
    UserFieldType(
        "crm_status", "Привязка к справочникам CRM", "Привязка к справочникам CRM", (Setting("ENTITY_TYPE", "string", "Справочник", ""),)
    ),
    UserFieldType("iblock_section", "Привязка к разделам инф. блоков", "Привязка к разделам инф. блоков", IBLOCK),
    UserFieldType("iblock_element", "Привязка к элементам инфоблоков", "Привязка к элементам инф. блоков", IBLOCK),
    UserFieldType(
        "crm", "Привязка к элементам CRM", "Привязка к элементам CRM",
        tuple(Setting(one, "char", title, "N") for one, title in (
            ("LEAD", "Лид"), ("CONTACT", "Контакт"), ("COMPANY", "Компания"), ("DEAL", "Сделка"),
        )),
    ),
)  # fmt: skip
BY_ID = {kind.id: kind for kind in TYPES}
