"""Who is the client: his key and the words he is found by. Pure.

The key is Bitrix24's own notation: CO_7 is company 7, C_12 is contact 12. MODES is what an administrator may choose between:

mixed      a company, or a contact without one (as it comes). A deal is its company's, else that of its primary contact's
           client, else that of its first contact that still exists.
companies  companies alone; people without a company are nobody yet. A deal is found its company in the same way.
contacts   people alone, companies are nobody. A deal is its primary contact's, else its first contact's that still exists;
           a deal that names only a company is nobody's.

Merged cards are one card in the portal: what belonged to the other now names the one that is left. Deleted cards are gone, their
deals go to whom they still name. A lead is no client before it has become a contact or a company.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from b24app.store.clients import number_of
from b24app.store.folding import fold, fold_phone

MODES = ("mixed", "companies", "contacts")
PREFIXES = {"company": "CO_", "contact": "C_"}
KEY = re.compile(r"(CO|C)_([1-9]\d{0,17})")

Row = Mapping[str, Any]


def client_key(kind: str, entity_id: int) -> str:
    """Return the key of a company or contact as a client."""
    return f"{PREFIXES[kind]}{entity_id}"


def read_key(key: str) -> tuple[str, int] | None:
    """Return (kind, id), or None when it is no key."""
    match = KEY.fullmatch(key)
    return ("company" if match[1] == "CO" else "contact", int(match[2])) if match else None


def group_keys(keys: Iterable[str]) -> dict[str, list[int]]:
    """Return the ids by kind; what is no key is left out."""
    found: dict[str, list[int]] = {"company": [], "contact": []}
    for kind, number in filter(None, map(read_key, keys)):
        found[kind].append(number)
    return found


def client_row(card: Row) -> dict[str, Any]:
    """Return the row of the table `client` for a card of the mirror. A card without a name has the title ''."""
    parts = [str(card.get(name) or "").strip() for name in ("title", "name", "second_name", "last_name")]
    title = " ".join(part for part in parts if part)
    words = (fold(title), fold(card["email"]), fold_phone(card["phone"]))
    activity = [moment for moment in (card["last_activity_time"], card.get("contacts_activity")) if moment]
    key = client_key(card["kind"], card["id"])
    return {
        "number": number_of(key),
        "key": key,
        "kind": card["kind"],
        "entity_id": card["id"],
        "title": title,
        "responsible_id": card["assigned_by_id"],
        "phone": card["phone"],
        "email": card["email"],
        "search": " ".join(word for word in words if word),
        "last_activity": max(activity, default=None),
    }
