"""SQL by the noun twin: cards that may be of the same person or company. Wide nets: what is really the same is decided elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from b24app.store.folding import fold, fold_phone, use_fold

if TYPE_CHECKING:
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]
NAMES = {"contact": ("last_name", "name", "second_name"), "company": ("title",)}
TAIL = 7  # digits of a phone that the net is made of


def find_card(store: PortalStore, entity: str, card_id: int) -> Row | None:
    """Return the names of a contact's or company's card, or None."""
    return store.row(f"SELECT id, {', '.join(NAMES[entity])} FROM {entity} WHERE id = ?", (card_id,))


def list_reached(store: PortalStore, entity: str, card_id: int) -> list[tuple[str, str]]:
    """Return (PHONE or EMAIL, value) of a card."""
    filled = "kind IN ('PHONE', 'EMAIL') AND value <> ''"
    sql = f"SELECT kind, value FROM communication WHERE entity = ? AND entity_id = ? AND {filled} ORDER BY id"
    return store.tuples(sql, (entity, card_id))


def list_with_phone(store: PortalStore, entity: str, phone: str) -> list[Row]:
    """Return cards (id, value) with a phone whose last digits come in the same order, whatever stands between them."""
    tail = fold_phone(phone)[-TAIL:]
    sql = "SELECT entity_id AS id, value FROM communication WHERE kind = 'PHONE' AND entity = ? AND value LIKE ?"
    return store.rows(sql, (entity, f"%{'%'.join(tail)}%")) if len(tail) == TAIL else []


def list_with_email(store: PortalStore, entity: str, email: str) -> list[Row]:
    """Return cards (id, value) with this e-mail, without case."""
    use_fold(store)
    sql = "SELECT entity_id AS id, value FROM communication WHERE kind = 'EMAIL' AND entity = ? AND fold(value) = ?"
    return store.rows(sql, (entity, fold(email.strip())))


def list_named(store: PortalStore, entity: str, name: str) -> list[Row]:
    """Return cards whose name (of people the last one, of companies the title) begins like this: id and names."""
    use_fold(store)
    names = NAMES[entity]
    sql = f"SELECT id, {', '.join(names)} FROM {entity} WHERE fold(TRIM({names[0]})) = ?"
    return store.rows(sql, (fold(name.strip()),))


def list_companies(store: PortalStore, word: str) -> list[Row]:
    """Return companies whose title has this word: id, title."""
    use_fold(store)
    return store.rows("SELECT id, title FROM company WHERE fold(title) LIKE '%' || ? || '%'", (fold(word),))
