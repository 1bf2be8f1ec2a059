"""Reads what is known of a client and asks `suggestions` what to offer him. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING

from b24app.clients.learning import load_learned
from b24app.clients.settings import read_choices
from b24app.clients.together import Pair, rules_of
from b24app.store.facts import list_facts
from b24app.store.histories import list_bought
from b24app.store.models import list_pairs, list_product_names, load_models
from b24app.store.offers import list_user_fields
from b24app.touches.suggestions import Bought, Suggestion, Texts, best_companion, due_again, rank, read_bought, service_due

if TYPE_CHECKING:
    from b24app.context import Context

A_DATE = {"ru": "Важная дата", "en": "The date that matters"}


def suggest(ctx: Context, client_key: str, in_deal: Collection[int] = ()) -> list[Suggestion]:
    """Return what to offer this client, the best first; `in_deal`: products that the deal at hand has already."""
    today = date.fromisoformat(ctx.today())
    bought = read_bought(list_bought(ctx.store, client_key))
    prior = load_learned(ctx.store).with_groups(ctx.store, {one.product_id for one in bought})
    key_date = list_facts(ctx.store, [client_key], today).get(client_key, {}).get("key_date")
    again = [due_again(one, prior, today) for one in bought if one.product_id not in in_deal]
    found = [service_due(key_date, _title_of_date(ctx), bought, today), *again, _companion(ctx, bought, in_deal)]
    return _without_repeats(rank(found))


def _companion(ctx: Context, bought: Collection[Bought], in_deal: Collection[int]) -> Suggestion | None:
    has = {one.product_id for one in bought} | set(in_deal)
    buyers = load_models(ctx.store).get("baskets", {}).get("buyers", 0)
    rules = [rule for product in sorted(has) for rule in rules_of(_pairs(ctx, product), buyers, product)] if buyers else []
    names = list_product_names(ctx.store, has | {rule.other for rule in rules})
    return best_companion(rules, names, has)


def _pairs(ctx: Context, product: int) -> list[Pair]:
    names = ("product_a", "product_b", "clients_a", "clients_b", "clients_both")
    return [Pair(*(row[name] for name in names)) for row in list_pairs(ctx.store, product)]


def _title_of_date(ctx: Context) -> Texts:
    """Return what the portal calls the field with the date that matters."""
    name = read_choices(ctx).date_field.upper()
    found = next((row for row in list_user_fields(ctx.store) if row["name"].upper() == name), None)
    return {lang: (found and found[f"title_{lang}"]) or A_DATE[lang] for lang in ("ru", "en")}


def _without_repeats(found: list[Suggestion]) -> list[Suggestion]:
    kept: dict[int | str, Suggestion] = {}
    for one in found:
        kept.setdefault(one.product_id or one.kind, one)
    return list(kept.values())
