"""Records as the two API families print them: the old one in strings, the universal one in JSON types. Pure.

A presenter is made once for a set of names and then applied to rows, because lists of thousands of rows go through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.clock import DATE_SUFFIX
from sandbox.entities import DISABLED, Entity, Field
from sandbox.rest import Record

Printer = Callable[[Any], Any]

# fm's flat twins: name -> type, value types that it shows ("" = any) [crm-item-get].
FLAT = {
    "phone": ("PHONE", ""),
    "phoneWork": ("PHONE", "WORK"),
    "phoneMobile": ("PHONE", "MOBILE"),
    "phoneMailing": ("PHONE", "MAILING"),
    "email": ("EMAIL", ""),
    "emailWork": ("EMAIL", "WORK"),
    "emailHome": ("EMAIL", "HOME"),
    "emailMailing": ("EMAIL", "MAILING"),
}
ZERO_WHEN_EMPTY = ("companyId", "contactId", "webformId")


def _print_date(value: str | None) -> str | None:
    return value + DATE_SUFFIX if value else None


def _flag(value: Any) -> str | None:
    return None if value is None else "Y" if value else "N"


def _zero(value: int | None) -> int:
    return value or 0


def _list_of(printer: Printer | None) -> Printer:
    def print_list(values: Any) -> list[Any]:
        if not values:
            return []
        return [printer(one) for one in values] if printer else list(values)

    return print_list


def _item_double(value: float | None) -> float | int | None:
    """Print 999.0 as 999, the way the portal's JSON does."""
    return int(value) if value is not None and value.is_integer() else value


ITEM_PRINTERS: dict[str, Printer] = {"date": _print_date, "boolean": _flag, "double": _item_double}


def item_printer(name: str, field: Field) -> Printer | None:
    """Return what prints a value of crm.item.*; None when it is printed as it is."""
    printer = ITEM_PRINTERS.get(field.kind)
    if field.multiple:
        return _list_of(printer)
    return _zero if name in ZERO_WHEN_EMPTY else printer


class ItemPresenter:
    """Prints records as crm.item.* does. `names` maps printed names to fields; `has_all` adds fm and what is always null."""

    def __init__(self, entity: Entity, names: Mapping[str, Field], has_all: bool) -> None:
        self._names = tuple((name, field.name) for name, field in names.items())
        self._printers = tuple((name, made) for name, field in names.items() if (made := item_printer(name, field)))
        self._extra: Record = {}
        if has_all:
            self._extra = dict.fromkeys(DISABLED[entity.section]) | {"entityTypeId": entity.type_id}
        self._has_fm = has_all and any(field.kind == "crm_multifield" for field in entity.fields)

    def print(self, record: Record) -> Record:
        """Return one item."""
        read = record.get
        item = {name: read(column) for name, column in self._names}
        for name, printer in self._printers:
            item[name] = printer(item[name])
        item.update(self._extra)
        if self._has_fm:
            add_multi_fields(item, record)
        return item


def add_multi_fields(item: Record, record: Record) -> None:
    """Put fm and its flat twins into an item."""
    values = [value for type_id in ("PHONE", "EMAIL", "WEB", "IM", "LINK") for value in record.get(type_id) or ()]
    item["fm"] = [{"id": v["ID"], "valueType": v["VALUE_TYPE"], "value": v["VALUE"], "typeId": v["TYPE_ID"]} for v in values]
    for name, (type_id, value_type) in FLAT.items():
        fitting = (v["VALUE"] for v in values if v["TYPE_ID"] == type_id and value_type in ("", v["VALUE_TYPE"]))
        item[name] = next(fitting, "")
    item["imol"], item["skype"], item["icq"] = "", None, None


def _old_double(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def _old_date(value: str | None) -> str:
    return value + DATE_SUFFIX if value else ""


def _old_instant(value: str | None) -> str:
    return value or ""


def _old_flag(value: Any) -> str | None:
    return None if value is None else "1" if value else "0"


def _old_text(value: Any) -> Any:
    return None if value is None else str(value)


OLD_PRINTERS: dict[str, Printer] = {
    "double": _old_double,
    "date": _old_date,
    "datetime": _old_instant,
    "boolean": _old_flag,
    "bool": bool,
    "json": lambda value: value if value else [],
}


def old_printer(kind: str, is_multiple: bool = False) -> Printer:
    """Return what prints a value as the old family does: numbers in strings, "" for an empty date (assumption 17)."""
    printer = OLD_PRINTERS.get(kind, _old_text)
    return _list_of(printer) if is_multiple else printer


class OldPresenter:
    """Prints records as crm.deal.get and its kin do; a multi-field without values has no key."""

    def __init__(self, fields: Iterable[Field]) -> None:
        chosen = list(fields)
        self._plain = tuple((f.name, old_printer(f.kind, f.multiple)) for f in chosen if f.stored)
        self._multi = tuple(f.name for f in chosen if f.kind == "crm_multifield")

    def print(self, record: Record) -> Record:
        """Return one record."""
        read = record.get
        made = {name: printer(read(name)) for name, printer in self._plain}
        for name in self._multi:
            if record.get(name):
                made[name] = [
                    {"ID": str(v["ID"]), "VALUE_TYPE": v["VALUE_TYPE"], "VALUE": v["VALUE"], "TYPE_ID": name} for v in record[name]
                ]
        return made
