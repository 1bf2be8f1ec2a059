"""Numerators of the document generator: the settings they take and the number they give.

Decides only: counters are kept by `documents`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

GENERATOR = "Bitrix_Main_Numerator_Generator_SequentNumberGenerator"

# name, default, how a value of REST (JSON, or a form's string) is read
SETTINGS: tuple[tuple[str, Any, Any], ...] = (
    ("start", 1, int),
    ("step", 1, int),
    ("length", 0, int),
    ("padString", "0", str),
    ("periodicBy", None, lambda value: str(value) or None),
    ("timezone", None, lambda value: str(value) or None),
    ("isDirectNumeration", False, lambda value: value in (True, 1, "1", "Y", "true")),
)

PERIODS = {None: "", "day": "%Y%m%d", "month": "%Y%m", "year": "%Y"}

# What a number's template may name beside {NUMBER}.
WORDS = {
    "DAY": lambda now, _: f"{now:%d}",
    "MONTH": lambda now, _: f"{now:%m}",
    "YEAR": lambda now, _: f"{now:%Y}",
    "RANDOM": lambda _, __: secrets.token_hex(3).upper(),
    "CLIENT_ID": lambda _, client_id: client_id,
}


def read_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return complete settings of the sequence, defaults filled in. Raises ValueError."""
    chosen = given.get(GENERATOR)
    if not isinstance(chosen, Mapping):
        chosen = {}
    settings = {}
    for name, default, read in SETTINGS:
        value = chosen.get(name)
        settings[name] = default if value is None or value == "" else read(value)
    if settings["periodicBy"] not in PERIODS:
        raise ValueError(f"unknown periodicBy: {settings['periodicBy']}")
    return settings


def next_value(settings: Mapping[str, Any], last: int | None, last_period: str, now: datetime) -> tuple[int, str]:
    """Return the next value of the counter and the period that it belongs to."""
    period = now.strftime(PERIODS[settings["periodicBy"]])
    if last is None or period != last_period:
        return settings["start"], period
    return last + settings["step"], period


def print_number(template: str, settings: Mapping[str, Any], value: int, now: datetime, client_id: str = "") -> str:
    """Return the number as the document shows it, such as INV-000017."""
    number = str(value).rjust(settings["length"], (settings["padString"] or "0")[0])
    words = {name: word(now, client_id) for name, word in WORDS.items()}
    words["NUMBER"] = number
    return re.sub(r"\{([A-Z_]+)\}", lambda found: words.get(found.group(1), ""), template)
