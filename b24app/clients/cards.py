"""What pages ask of one client: his card with facts, his purchases, whose a deal is. Reads only, and only what the viewer may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from b24app.clients.facts import FACTS
from b24app.context import Viewer
from b24app.masking import is_masked
from b24app.store import clients as sql
from b24app.store import facts as fact_sql
from b24app.store.products import list_bought as list_products_bought

if TYPE_CHECKING:
    from b24app.context import Context


@dataclass(frozen=True)
class FactValue:
    """A fact of one client, as `clients.fact` says. `value`: int, float, text, date text, UTC instant text, a choice's code or None;
    `choices` are the titles of a choice's codes; `forms` the noun that a count carries; `source` where the formula is from.
    """

    key: str
    kind: str
    group: str
    title: str
    definition: str
    value: Any
    choices: Mapping[str, str]
    forms: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class ClientCard:
    """One client for a page; `title` may be empty. `entity_id` is the company's or the contact's id in the portal.

    `is_masked`: phone and e-mail are there, and hidden from this viewer.
    """

    key: str
    kind: str
    entity_id: int
    title: str
    phone: str | None
    email: str | None
    responsible_id: int | None
    responsible: str | None
    facts: tuple[FactValue, ...]
    is_masked: bool = False

    def fact(self, key: str) -> Any:
        """Return a fact's value."""
        return next(fact.value for fact in self.facts if fact.key == key)

    def group(self, key: str) -> tuple[FactValue, ...]:
        """Return the facts of a group (`clients.fact.GROUPS`), in their order."""
        return tuple(fact for fact in self.facts if fact.group == key)


@dataclass(frozen=True)
class Purchase:
    """One won deal. `day`: date text or None when nobody knows; `amount` in base currency, None without a rate."""

    deal_id: int
    title: str
    day: str | None
    amount: float | None


@dataclass(frozen=True)
class Purchases:
    """What the picture of a client's rhythm is drawn from: purchases, the oldest first; days between them; the next one expected."""

    purchases: tuple[Purchase, ...]
    rhythm: float | None
    expected: str | None
    today: str


def find_client(ctx: Context, key: str) -> ClientCard | None:
    """Return the client's card, or None when there is none for this viewer. Contacts are masked for who is not responsible."""
    row = sql.find_client(ctx.store, ctx.viewer, key)
    return _card(ctx, row) if row else None


def reveal_client(ctx: Context, key: str) -> ClientCard | None:
    """Return the same card with its contacts, and write down who wanted to see them."""
    if sql.find_client(ctx.store, ctx.viewer, key) is None:
        return None
    ctx.app_store.note(ctx.portal.member_id, "contacts", key)
    row = sql.find_client(ctx.store, Viewer.system(), key)
    return replace(_card(ctx, row), is_masked=False) if row else None


def _card(ctx: Context, row: sql.Row) -> ClientCard:
    key = row["key"]
    values = fact_sql.list_facts(ctx.store, [key], date.fromisoformat(ctx.today())).get(key, {})
    plain = {name: row[name] for name in ("key", "kind", "entity_id", "title", "phone", "email", "responsible_id", "responsible")}
    hidden = is_masked(ctx.viewer, row["responsible_id"]) and bool(row["phone"] or row["email"])
    return ClientCard(**plain, facts=_facts(values, ctx.lang), is_masked=hidden)


def list_purchases(ctx: Context, key: str) -> Purchases | None:
    """Return the client's purchases and what is expected next, or None when there is no such client for this viewer."""
    if sql.find_client(ctx.store, ctx.viewer, key) is None:
        return None
    rows = fact_sql.list_purchases(ctx.store, ctx.viewer, key)
    values = fact_sql.list_facts(ctx.store, [key], date.fromisoformat(ctx.today())).get(key, {})
    found = tuple(Purchase(row["deal_id"], row["title"] or "", row["bought_on"], row["amount"]) for row in rows)
    return Purchases(found, values.get("rhythm"), values.get("next_purchase"), ctx.today())


@dataclass(frozen=True)
class Bought:
    """A product that a client has bought: what deals call it, its section ('' when unknown), in how many purchases, when last."""

    name: str
    section: str
    purchases: int
    last: str | None


def list_bought(ctx: Context, key: str, limit: int = 10) -> list[Bought]:
    """Return what the client buys, the oftenest first; nothing of a client whom this viewer may not see."""
    rows = list_products_bought(ctx.store, ctx.viewer, key, limit)
    return [Bought(row["name"] or "", row["section"] or "", row["purchases"], row["last"]) for row in rows]


def find_owner(ctx: Context, entity: str, record_id: int) -> str | None:
    """Return the key of the client that a contact, company or deal belongs to, or None when there is none for this viewer."""
    key = sql.find_owner(ctx.store, entity, record_id)
    return key if key and sql.find_client(ctx.store, ctx.viewer, key) else None


def client_of_deal(ctx: Context, deal_id: int) -> str | None:
    """Return the key of a deal's client; None when it has none (a template of recurring deals has none either)."""
    return find_owner(ctx, "deal", deal_id)


def _facts(values: Mapping[str, Any], lang: str) -> tuple[FactValue, ...]:
    said = ((fact, fact.words.get(lang, fact.words["en"])) for fact in FACTS)
    return tuple(
        FactValue(
            fact.key, fact.kind, fact.group, words["title"], words["definition"], values.get(fact.key),
            words["choices"], tuple(words["forms"]), fact.source,
        )
        for fact, words in said
    )  # fmt: skip
