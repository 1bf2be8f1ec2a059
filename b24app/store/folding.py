"""Text as people search it: no case, ё is е. Pure; `use_fold` gives the same to a connection as SQL's `fold(text)`.

Neither SQLite's LOWER nor its LIKE knows Cyrillic; on another database `fold` is a function of the schema.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from sqlite_utils import Database

    from b24app.store.mirror import PortalStore

NUMBER = re.compile(r"[\d\s()+.-]+")


def fold(text: str | None) -> str | None:
    """Return the text without case, ё as е, in one normal form; nothing stays nothing."""
    return None if text is None else unicodedata.normalize("NFKC", str(text)).casefold().replace("ё", "е")


def fold_phone(phone: str | None) -> str:
    """Return a phone's digits; the Russian +7, and 8 or 7 in front of ten digits, are one country and left out."""
    digits = "".join(re.findall(r"\d", re.sub(r"^\s*\+7", "", phone or "")))
    return digits[1:] if len(digits) == 11 and digits[0] in "78" else digits


def search_words(text: str) -> list[str]:
    """Return what to look for, word by word, as it stands in a search column; a phone is one word."""
    folded = fold(text.strip()) or ""
    if NUMBER.fullmatch(folded):
        return [digits] if (digits := fold_phone(folded)) else []
    return folded.split()


def like(word: str) -> str:
    """Return the pattern of LIKE ... ESCAPE '\\' that finds the word anywhere."""
    return "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def use_fold(store: PortalStore) -> None:
    """Let the store's connection call `fold` in SQL; asked before every statement that may, so told the connection only once."""
    if store.db not in _TOLD:
        store.db.register_function(fold, deterministic=True)
        _TOLD.add(store.db)


_TOLD: WeakSet[Database] = WeakSet()
