"""Rules that make offers beside robots: on which stage, for which deals, from which template, who is told. Kept in app.db.

The rule of the repeat-sales primer comes ready and switched off. Decides what a rule is and whether it may be saved; watches nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from b24app.context import ADMINISTER
from b24app.documents.once import INSTANT
from b24app.documents.options import Options, read_options
from b24app.errors import Mistaken, NotFound

if TYPE_CHECKING:
    from b24app.context import Context

SETTING = "offer_rules"
TELLS = ("", "responsible", "user")


@dataclass(frozen=True)
class Condition:
    """Which deals a rule means; what is empty is not asked."""

    types: Sequence[str] = ()
    sum_from: float | None = None
    sum_to: float | None = None
    product_ids: Sequence[int] = ()
    segment: str = ""


@dataclass(frozen=True)
class Rule:
    """One rule. `since` (UTC) is when it was switched on: deals that came to the stage before are left alone."""

    key: str
    title: Mapping[str, str]
    category_id: int = 0
    stage_id: str = ""
    condition: Condition = field(default_factory=Condition)
    options: Options = field(default_factory=Options)
    is_on: bool = False
    since: str = ""
    is_ready: bool = False  # comes with the app: may be changed and switched, not removed

    def asked(self) -> Options:
        """Return the options of its offers."""
        return replace(self.options, from_stage=self.stage_id)


READY = (
    Rule(
        key="service_preparation",
        title={"ru": "Предложение на сервис: стадия «Подготовка документов», тип «Сервис»", "en": "Service offer at Document preparation"},
        stage_id="PREPARATION",
        condition=Condition(types=("SERVICE",)),
        options=Options(template="service_offer", send_todo=True, tell="responsible"),
        is_ready=True,
    ),
)


def list_rules(ctx: Context) -> list[Rule]:
    """Return all rules: those that come ready first, then in the order in which they were made."""
    kept = _kept(ctx)
    ready = [_read(one.key, kept[one.key], one) if one.key in kept else one for one in READY]
    known = {one.key for one in READY}
    return ready + [_read(key, value) for key, value in kept.items() if key not in known]


def get_rule(ctx: Context, key: str) -> Rule:
    """Return a rule. Raises NotFound."""
    found = next((rule for rule in list_rules(ctx) if rule.key == key), None)
    if found is None:
        raise NotFound(f"rule {key!r:.80}")
    return found


def new_rule() -> Rule:
    """Return a rule that is not kept yet."""
    return Rule(uuid.uuid4().hex[:12], {"ru": "", "en": ""})


def save_rule(ctx: Context, rule: Rule) -> None:
    """Keep a rule. Raises NotAllowed, Mistaken."""
    ctx.viewer.check(ADMINISTER)
    check_rule(rule)
    _keep(ctx, {**_kept(ctx), rule.key: {**asdict(rule), "options": rule.options.kept()}})


def switch_rule(ctx: Context, key: str, is_on: bool) -> Rule:
    """Switch a rule on or off. On again it begins anew: deals that stand in the stage already are left alone."""
    before = get_rule(ctx, key)
    rule = before if before.is_on == is_on else replace(before, is_on=is_on, since=ctx.now().strftime(INSTANT) if is_on else before.since)
    save_rule(ctx, rule)
    return rule


def remove_rule(ctx: Context, key: str) -> None:
    """Forget a rule; its journal and its offers stay. Raises NotAllowed, NotFound, Mistaken."""
    ctx.viewer.check(ADMINISTER)
    if get_rule(ctx, key).is_ready:
        raise Mistaken("This rule comes with the app: switch it off.", "Это готовое правило: его можно выключить.")
    _keep(ctx, {name: value for name, value in _kept(ctx).items() if name != key})


def check_rule(rule: Rule) -> None:
    """Raise Mistaken, one sentence a mistake, when the rule could not do what it says."""
    options, condition = rule.options, rule.condition
    stops = (
        (not rule.title.get("ru"), "Give the rule a name.", "Назовите правило."),
        (not rule.stage_id, "Choose the stage.", "Выберите стадию."),
        (not 1 <= options.valid_days <= 365, "The offer is valid from 1 to 365 days.", "Срок предложения: от 1 до 365 дней."),
        (not 0 <= options.discount < 100, "The discount is from 0 to 99 percent.", "Скидка: от 0 до 99 процентов."),
        (
            options.fill == "package" and not options.package,
            "Type the lines of the package.",
            "Введите строки пакета.",
        ),
        (
            condition.sum_from is not None and condition.sum_to is not None and condition.sum_from > condition.sum_to,
            "The sum “from” is larger than “to”.",
            "Сумма «от» больше суммы «до».",
        ),
        (options.tell == "user" and not options.tell_user_id, "Choose whom to tell.", "Выберите, кому сообщать."),
        (
            bool(options.next_stage) and options.next_stage == rule.stage_id,
            "The next stage is the same stage.",
            "Следующая стадия та же самая.",
        ),
    )
    said = [(en, ru) for is_so, en, ru in stops if is_so]
    if said:
        raise Mistaken(" ".join(en for en, _ in said), " ".join(ru for _, ru in said))


def why_not(rule: Rule, deal: Mapping[str, Any], segments: Sequence[str]) -> list[tuple[str, str]]:
    """Return why a deal (the mirror's row with its `rows`) is not meant, by (English, Russian) sentences; empty when it is. Pure."""
    asked, amount = rule.condition, float(deal.get("opportunity") or 0)
    products = {row.get("product_id") for row in deal.get("rows") or ()}
    stops = (
        (bool(asked.types) and deal.get("type_id") not in asked.types, "The deal is of another type.", "Сделка другого типа."),
        (asked.sum_from is not None and amount < asked.sum_from, "The sum is smaller.", "Сумма меньше заданной."),
        (asked.sum_to is not None and amount > asked.sum_to, "The sum is larger.", "Сумма больше заданной."),
        (
            bool(asked.product_ids) and not products & set(asked.product_ids),
            "The product is not in the deal.",
            "В сделке нет этого товара.",
        ),
        (bool(asked.segment) and asked.segment not in segments, "The client is not in the segment.", "Клиент не входит в сегмент."),
    )
    return [(en, ru) for is_so, en, ru in stops if is_so]


def _kept(ctx: Context) -> dict[str, dict[str, Any]]:
    return dict(ctx.app_store.find_setting(ctx.portal.member_id, SETTING, {}))


def _keep(ctx: Context, rules: Mapping[str, Any]) -> None:
    ctx.app_store.save_setting(ctx.portal.member_id, SETTING, dict(rules))


def _read(key: str, kept: Mapping[str, Any], ready: Rule | None = None) -> Rule:
    """Return a rule as it was kept; what a later version has added has its default."""
    names = {item.name for item in fields(Condition)}
    asked: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in kept.get("condition", {}).items() if name in names
    }
    condition = Condition(**asked)
    plain = {name: kept[name] for name in ("title", "category_id", "stage_id", "is_on", "since") if name in kept}
    return Rule(key=key, condition=condition, options=read_options(kept.get("options", {})), is_ready=ready is not None, **plain)
