"""The one form of a name, a phone and an e-mail. Pure.

A phone is written as E.164 has it, +79123456789, when the country can be told: a plus, 8 or 7 before ten digits, ten digits that
begin with 3, 4, 8 or 9 (the codes of Russia and Kazakhstan). A number with an extension, or of unknown country, stays as it is.
"""

from __future__ import annotations

import re

EMAIL = re.compile(r"[a-z0-9._%+'-]+@[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}")
EXTENSION = re.compile(r"(доб|ext|вн|x|#|,|;)\.?\s*\d+\s*$", re.IGNORECASE)
PARTICLES = frozenset({"оглы", "кызы", "фон", "де", "ван", "von", "van", "de", "der", "da", "di"})
FEWEST, MOST = 7, 15  # digits of a number with its country's code (ITU-T E.164)


def normal_name(text: str) -> str:
    """Return a name without blanks too many; all capitals or none become Иванов, Салтыков-Щедрин, O'Neil. Mixed case is somebody's
    own way of writing, and stays."""
    plain = " ".join(text.split())
    letters = [one for one in plain if one.isalpha()]
    if len(letters) < 3 or not (all(map(str.isupper, letters)) or all(map(str.islower, letters))):
        return plain
    words = plain.lower().split(" ")
    return " ".join(word if place and word in PARTICLES else _capital(word) for place, word in enumerate(words))


def normal_title(text: str) -> str:
    """Return a company's title without blanks too many; its case is its own."""
    return " ".join(text.split())


def normal_phone(text: str) -> str | None:
    """Return the number in its one form; None when it is no phone at all. What cannot be told stays as it was typed."""
    typed = " ".join(text.split())
    digits = re.sub(r"\D", "", typed)
    if EXTENSION.search(typed):
        return typed if len(digits) >= FEWEST else None
    if typed.startswith("+") or digits.startswith("00"):
        bare = digits if typed.startswith("+") else digits[2:]
        if bare.startswith("8") and len(bare) == 11 and typed.startswith("+8"):  # +8 912...: a slip for +7
            bare = f"7{bare[1:]}"
        return f"+{bare}" if FEWEST <= len(bare) <= MOST and bare[0] != "0" else None
    if len(digits) == 11 and digits[0] in "78":
        return f"+7{digits[1:]}"
    if len(digits) == 10 and digits[0] in "3489":
        return f"+7{digits}"
    return typed if FEWEST <= len(digits) <= MOST else None


def normal_email(text: str) -> str | None:
    """Return the address in small letters; None when it is none."""
    plain = re.sub(r"\s", "", text).lower().removeprefix("mailto:").strip("<>.,;")
    return plain if EMAIL.fullmatch(plain) else None


def _capital(word: str) -> str:
    return "-".join(re.sub(r"^(\W*\w?['’])?(\w)", lambda found: found[0].upper(), part) for part in word.split("-"))
