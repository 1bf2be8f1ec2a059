"""Lines of a list as people bring them: e-mail and phone in the portal's own form, or columns with headers. Pure.

The form is that of Bitrix24's static segments: one contact a line, address and phone separated by a semicolon.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

EMAIL = re.compile(r"[^\s;,<>()\"']+@[^\s;,<>()\"'@]+\.[^\s;,<>()\"'@]{2,}")
PHONE = re.compile(r"\+?[\d\s().‐‑–/-]{6,}")
EXTENSION = re.compile(r"(доб|ext|x|#)\.?\s*\d+\s*$", re.IGNORECASE)
HEADERS = {
    "email": ("email", "e-mail", "почта", "эл. почта", "электронная почта", "адрес", "mail", "адрес эл. почты"),
    "phone": ("phone", "телефон", "тел", "тел.", "мобильный", "mobile", "номер", "номер телефона", "tel"),
}
QUOTES = "'`"


@dataclass(frozen=True)
class Line:
    """One line. `phones` in digits with the country's code, `emails` in small letters; both empty: invalid."""

    number: int
    text: str
    emails: tuple[str, ...]
    phones: tuple[str, ...]

    @property
    def is_valid(self) -> bool:
        """Tell whether there is anything to find somebody by."""
        return bool(self.emails or self.phones)

    @property
    def contacts(self) -> frozenset[str]:
        """What makes two lines the same."""
        return frozenset(self.emails + self.phones)


def normal_phone(text: str) -> str | None:
    """Return a phone's digits with the country's code; None when it cannot be one.

    Without a plus, 8 or 7 before ten digits is Russia's, ten digits are a Russian number without its code, 00 is a plus: how phones
    are written where Bitrix24 is used. With a plus, and otherwise, 7 to 15 digits are taken as they are (E.164).
    """
    bare = EXTENSION.sub("", text.strip().lstrip(QUOTES))
    digits = re.sub(r"\D", "", bare)
    if bare.lstrip().startswith("+"):
        return digits if 7 <= len(digits) <= 15 else None
    if digits.startswith("00"):
        digits = digits[2:]
    elif len(digits) == 11 and digits[0] in "78":
        return f"7{digits[1:]}"
    elif len(digits) == 10:
        return f"7{digits}"
    return digits if 7 <= len(digits) <= 15 else None


def normal_email(text: str) -> str | None:
    """Return an address in small letters; None when it is none."""
    match = EMAIL.fullmatch(text.strip().lstrip(QUOTES).strip("<>"))
    return match[0].casefold() if match else None


def read_rows(rows: Iterable[Sequence[str]]) -> list[Line]:
    """Read the cells of every row that is not empty. A first row of headers says which columns count."""
    lines: list[Line] = []
    columns: set[int] | None = None
    for number, row in enumerate(rows, 1):
        cells = [str(cell).strip() for cell in row]
        if not any(cells):
            continue
        if number == 1 and (columns := find_columns(cells)):
            continue
        used = [cell for place, cell in enumerate(cells) if columns is None or place in columns]
        lines.append(_line(number, cells, used))
    return lines


def find_columns(cells: Sequence[str]) -> set[int] | None:
    """Return the columns that headers name as e-mails and phones; None when these are no headers."""
    names = {name for known in HEADERS.values() for name in known}
    found = {place for place, cell in enumerate(cells) if cell.casefold().strip(" :") in names}
    return found or None


def _line(number: int, cells: Sequence[str], used: Sequence[str]) -> Line:
    emails, phones = [], []
    for cell in used:
        for part in re.split(r"[;,\n]", cell):
            if email := normal_email(part):
                emails.append(email)
            elif (match := PHONE.search(part)) and "@" not in part and (phone := normal_phone(part if "+" in part else match[0])):
                phones.append(phone)
    return Line(number, "; ".join(cell for cell in cells if cell)[:200], tuple(dict.fromkeys(emails)), tuple(dict.fromkeys(phones)))
