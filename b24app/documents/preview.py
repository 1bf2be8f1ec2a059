"""Shows what an offer would be for a real deal: what stops it, what it would lack, every value, before a number is spent.

Asks the portal what its generator would print; makes and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from b24app.documents.gaps import check_offer, list_gaps
from b24app.documents.issue import find_template_id, plan_making
from b24app.documents.lines import Line
from b24app.documents.options import Options
from b24app.documents.rules import Rule, why_not
from b24app.documents.source import read_source
from b24app.documents.values import VALUE_TITLES, VALUES, offer_values, seller_values
from b24app.documents.wording import clean, print_money
from b24app.errors import Mistaken
from b24app.store.offers import find_client_of, find_kept_deal, list_segments_now

if TYPE_CHECKING:
    from b24app.context import Context


@dataclass(frozen=True)
class Preview:
    """An offer that is not made. `fields`: what the template asks for (code, title, value), None when the portal does not say."""

    deal_id: int
    title: str
    stops: Sequence[Mistaken]
    gaps: Sequence[Mistaken]
    lines: Sequence[Line]
    total: Decimal
    money: str
    values: Mapping[str, str]
    fields: Sequence[tuple[str, str, str]] | None
    skipped: Sequence[tuple[str, str]] = ()  # why the rule does not mean this deal: English, Russian

    @property
    def is_ready(self) -> bool:
        """Tell whether the offer would be made."""
        return not self.stops and not self.skipped


def preview_offer(ctx: Context, deal_id: int, options: Options) -> Preview:
    """Return what an offer for the deal would be. Raises Mistaken when the deal cannot be read."""
    source = read_source(ctx, deal_id, options, find_template_id(ctx, options))
    making = plan_making(ctx, "preview", options)
    basket = source.basket(options, making.lang)
    values = offer_values(source, making)
    return Preview(
        deal_id=deal_id,
        title=clean(source.deal.get("title")),
        stops=check_offer(source, options),
        gaps=list_gaps(source, options),
        lines=basket.lines,
        total=basket.total,
        money=print_money(basket.total, source.currency),
        values={code: str(values[code]) for code in VALUE_TITLES if values[code]},
        fields=_fields(source.template_fields, values, options),
    )


def preview_rule(ctx: Context, deal_id: int, rule: Rule) -> Preview:
    """Return what a rule would do for the deal if it came to the stage now."""
    shown = preview_offer(ctx, deal_id, rule.asked())
    deal = find_kept_deal(ctx.store, deal_id)
    client = find_client_of(ctx.store, deal_id)
    reasons = why_not(rule, deal, list_segments_now(ctx.store, client) if client else []) if deal else []
    return replace(shown, skipped=reasons)


def list_template_fields(ctx: Context, options: Options, deal_id: int) -> list[tuple[str, str]]:
    """Return the fields of the portal's own template (code, title) that neither it nor a code of ours fills: to be mapped."""
    source = read_source(ctx, deal_id, options, find_template_id(ctx, options))
    told = source.template_fields or {}
    empty = [(code, clean(one.get("title"), 60) or code) for code, one in told.items() if one.get("value") in (None, "", [])]
    known = seller_values(source)
    return [(code, title) for code, title in empty if code not in VALUES and not known.get(code)]


def _fields(
    told: Mapping[str, Mapping[str, object]] | None, values: Mapping[str, object], options: Options
) -> list[tuple[str, str, str]] | None:
    if told is None:
        return None
    return [
        (
            code,
            clean(one.get("title"), 60) or code,
            clean(values.get(code) or values.get(options.mapping.get(code, "")) or one.get("value")),
        )
        for code, one in told.items()
        if not isinstance(one.get("value"), list) and code != "MY_COMPANY"
    ]
