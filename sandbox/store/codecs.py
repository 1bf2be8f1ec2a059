"""How a value enters and leaves a column. Pure.

Records hold: int, float, str, bool (kind bool), "Y"/"N" (kind char), "YYYY-MM-DD" (date), ISO text with the portal's offset
(datetime), lists (multiple fields, json). Entering accepts also what REST bodies carry: numbers as text, date objects, "" for nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.clock import print_instant, read_date, read_instant
from sandbox.store.sections import STORED_AS, Column

Codec = Callable[[Any], Any]


def _integer(value: Any) -> int | None:
    return None if value is None or value == "" else int(value)


def _double(value: Any) -> float | None:
    return None if value is None or value == "" else float(value)


def _truth(value: Any) -> int:
    return int(value in (True, 1, "1", "Y", "y", "true"))


def _optional_truth(value: Any) -> int | None:
    return None if value is None or value == "" else _truth(value)


def _char(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return "Y" if value else "N"


def _date(value: Any) -> str | None:
    if not value:
        return None
    return value if isinstance(value, str) and len(value) == 10 and value[4] == "-" else read_date(value)


def _datetime(value: Any) -> str | None:
    if not value:
        return None
    if isinstance(value, str):
        return value if len(value) == 25 and value.endswith("+03:00") else print_instant(read_instant(value))
    if isinstance(value, datetime):
        return print_instant(value)
    return print_instant(read_instant(value.isoformat()))


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else _printed(value)


def _printed(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def write_json(value: Any) -> str | None:
    """Return JSON text without spaces (searches for one element of a list rely on it)."""
    if value is None:
        return None
    return _COMPACT.encode(value) if value or not isinstance(value, list) else "[]"


def ready_type(column: Column) -> type | None:
    """Return the type whose values enter this column as they are, so that a bulk need not call its encoder."""
    if column.multiple or (column.kind in ENCODERS and column.kind not in ("double", "char")):
        return None
    return {"INTEGER": int, "REAL": float}.get(column.sql_type, str)


def read_json(value: Any) -> Any:
    """Return what JSON text holds."""
    return json.loads(value) if value else None


ENCODERS: dict[str, Codec] = {
    "bool": _truth,
    "boolean": _optional_truth,
    "double": _double,
    "char": _char,
    "date": _date,
    "datetime": _datetime,
    "json": write_json,
}
DECODERS: dict[str, Codec] = {"json": read_json, "bool": bool}


def encode_one(kind: str) -> Codec:
    """Return what turns one value of this kind into its stored form."""
    return ENCODERS.get(kind) or (_integer if STORED_AS.get(kind) == "INTEGER" else _text)


def encoder(column: Column) -> Codec:
    """Return what turns a record's value into the column's."""
    single = encode_one(column.kind)
    if not column.multiple:
        return single

    def encode_list(value: Any) -> str | None:
        if value is None or value is False or value == "":
            return None
        values = value if isinstance(value, list | tuple) else [value]
        return write_json([single(one) for one in values if one is not None and one != ""])

    return encode_list


def decoder(column: Column) -> Codec | None:
    """Return what turns a column's value into a record's; None when nothing is to be done."""
    return read_json if column.multiple else DECODERS.get(column.kind)
