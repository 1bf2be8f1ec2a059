"""Values that callers send for CRM fields, read into what records hold. Pure. Refuses what CRM would not take."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.entities import Field
from sandbox.rest import Record, RestError
from sandbox.store.codecs import encode_one

EMPTY = (None, "", False)


def wrong_value(field: Field) -> RestError:
    """Return the refusal of a value that cannot be this field's."""
    return RestError(400, "CRM_FIELD_ERROR_VALUE_NOT_VALID", f'Неверное значение поля "{field.title or field.name}"')


def read_field(field: Field, value: Any, definition: Mapping[str, Any] | None, is_universal: bool) -> Any:
    """Return the value that a record holds. Raises RestError.

    A single value for a multiple field is refused by crm.item.* and taken as a list of one by the old family.
    """
    if isinstance(value, Mapping) and field.kind != "file":
        value = list(value.values())
    if not field.multiple:
        return _read_one(field, value, definition)
    if value in EMPTY:
        return []
    if not isinstance(value, list):
        if is_universal:
            kind = "string" if isinstance(value, str) else type(value).__name__
            raise RestError(400, "100", f"Expected iterable value for multiple field, but got {kind} instead")
        value = [value]
    return [_read_one(field, one, definition) for one in value if one not in EMPTY]


def _read_one(field: Field, value: Any, definition: Mapping[str, Any] | None) -> Any:
    if value is None or (value == "" and field.kind != "string"):
        return None
    if isinstance(value, list | Mapping) and field.kind != "file":
        raise wrong_value(field)
    reader = READERS.get(field.kind, encode_one(field.kind))
    try:
        read = reader(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise wrong_value(field) from error
    # Assumption 9: an enumeration takes only ids of its own list, never its texts.
    if field.kind == "enumeration" and definition is not None and read is not None and read not in _item_ids(definition):
        raise wrong_value(field)
    return read


def _item_ids(definition: Mapping[str, Any]) -> set[int]:
    return {int(item["ID"]) for item in definition.get("LIST") or ()}


def _read_char(value: Any) -> str:
    word = "Y" if value in (True, 1, "1", "Y", "y") else "N" if value in (False, 0, "0", "N", "n") else ""
    if not word:
        raise ValueError(value)
    return word


def _read_double(value: Any) -> float:
    number = float(str(value).replace(" ", "").replace(",", "."))
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _read_integer(value: Any) -> int:
    number = int(value)
    if abs(number) >= 2**63:
        raise ValueError(value)
    return number


def _read_file(value: Any) -> str:
    """Keep a file's name only (assumption 10): `["name", "base64"]` or `{"fileData": [...]}`."""
    content = value.get("fileData", value) if isinstance(value, Mapping) else value
    return str(content[0]) if isinstance(content, list) and content else str(value)


READERS: dict[str, Callable[[Any], Any]] = {
    "char": _read_char,
    "double": _read_double,
    "file": _read_file,
    **dict.fromkeys(
        ("integer", "user", "employee", "crm_company", "crm_contact", "crm_lead", "crm_quote", "crm_category", "enumeration"), _read_integer
    ),
}


def edit_multi_field(type_id: str, before: Iterable[Record], edits: Any) -> list[Record]:
    """Return a multi-field's values after edits [{"ID", "VALUE", "VALUE_TYPE", "DELETE"}]: with an ID changes or, empty, deletes;
    without adds; what is not mentioned stays [crm-contact-update]. A bare string is one new value.
    """
    kept = {int(value["ID"]): dict(value) for value in before}
    added: list[Record] = []
    given = edits.values() if isinstance(edits, Mapping) and "VALUE" not in edits else edits if isinstance(edits, list) else [edits]
    for edit in given:
        one = {"VALUE": edit} if isinstance(edit, str) else edit
        if not isinstance(one, Mapping):
            raise RestError(400, "", f"Wrong value of {type_id}.")
        _apply_edit(type_id, kept, added, one)
    return [*kept.values(), *added]


def _apply_edit(type_id: str, kept: dict[int, Record], added: list[Record], edit: Mapping[str, Any]) -> None:
    value = str(edit.get("VALUE") or "").strip()
    key = str(edit.get("ID") or "")
    if not key.isdigit():
        if value:
            added.append({"TYPE_ID": type_id, "VALUE": value, "VALUE_TYPE": str(edit.get("VALUE_TYPE") or "WORK")})
    elif int(key) in kept:
        if edit.get("DELETE") == "Y" or ("VALUE" in edit and not value):
            del kept[int(key)]
        else:
            changed = {"VALUE": value or kept[int(key)]["VALUE"], "VALUE_TYPE": edit.get("VALUE_TYPE") or kept[int(key)]["VALUE_TYPE"]}
            kept[int(key)].update(changed)
