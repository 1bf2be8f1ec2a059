"""What an administrator may choose about clients and their facts: SETTINGS, each declared once. Read and saved through `app.db`.

A change tells for all clients: whoever saves orders the job `model`, which works everything out anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.clients.identity import MODES
from b24app.context import ADMINISTER
from b24app.errors import Mistaken

if TYPE_CHECKING:
    from b24app.context import Context

SETTING = "clients"
RFM = ("r", "f", "m")
FARTHEST = 36525  # days: beyond a century the number is a slip


@dataclass(frozen=True)
class Setting:
    """One choice. `check` tells whether a value will do, `need` (Russian, English) says what would; `field` says that it names a user
    field of these kinds.
    """

    key: str
    default: Any
    ru: str
    en: str
    check: Callable[[Any], bool]
    need: tuple[str, str]
    field: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choices:
    """What is chosen."""

    mode: str
    upsell_days: tuple[int, int]
    retention: Mapping[str, float]
    rfm: Mapping[str, tuple[float, ...]]
    consent_field: str
    city_field: str
    date_field: str
    support_process: int | None

    @property
    def fields(self) -> dict[str, str]:
        """Which user field stands for what: name in `store.evidence` to the portal's name, those that are chosen."""
        named = {"consent": self.consent_field, "city": self.city_field, "key_date": self.date_field}
        return {name: field for name, field in named.items() if field}


def _numbers(value: Any, count: int, least: float) -> bool:
    good = isinstance(value, (list, tuple)) and len(value) == count
    good = good and all(isinstance(one, (int, float)) and not isinstance(one, bool) and one >= least for one in value)
    return bool(good and sorted(set(value)) == sorted(value))


def _is_span(value: Any) -> bool:
    return _numbers(value, 2, 0) and value[0] < value[1] <= FARTHEST and all(isinstance(one, int) for one in value)


def _is_retention(value: Any) -> bool:
    known = isinstance(value, Mapping) and set(value) == {"lapsing", "lost"}
    return known and _numbers([value["lapsing"], value["lost"]], 2, 1) and value["lapsing"] < value["lost"]


def _is_rfm(value: Any) -> bool:
    if not isinstance(value, Mapping) or not set(value) <= set(RFM):
        return False
    return all(is_edges(name, edges) for name, edges in value.items())


def is_edges(name: str, edges: Any) -> bool:
    """Tell whether these are edges of a score: four different numbers, none below zero; R's are days."""
    return _numbers(edges, 4, 0) and (name != "r" or max(edges) <= FARTHEST)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and (not value or value.upper().startswith("UF_"))


FIELD_NEED = ("выберите поле из списка", "choose a field of the list")

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "mode", "mixed", "Кто такой клиент", "Who is a client", lambda value: value in MODES,
        ("выберите одно из трёх", "choose one of the three"),
    ),
    Setting(
        "upsell_days", (7, 14), "Окно допродажи, дней после покупки", "Upsell window, days after a purchase", _is_span,
        ("два целых числа, первое меньше второго", "two whole numbers, the first less than the second"),
    ),
    Setting(
        "retention", {"lapsing": 1.5, "lost": 3.0}, "Остывает и потерян, в своих ритмах", "Lapsing and lost, in own rhythms", _is_retention,
        ("два числа от 1, первое меньше второго", "two numbers from 1 on, the first less than the second"),
    ),
    Setting(
        "rfm", {}, "Границы R (дней), F, M; без них — по долям базы", "Edges of R (days), F, M; else by shares of the base", _is_rfm,
        ("четыре разных числа не меньше нуля", "four different numbers, none below zero"),
    ),
    Setting(
        "consent_field", "", "Поле с согласием", "Field with the consent", _is_name, FIELD_NEED,
        ("enumeration", "boolean", "date", "string"),
    ),
    Setting("city_field", "", "Поле с городом", "Field with the city", _is_name, FIELD_NEED, ("string", "enumeration")),
    Setting("date_field", "", "Поле с важной датой", "Field with the key date", _is_name, FIELD_NEED, ("date", "datetime")),
    Setting(
        "support_process", None, "Смарт-процесс поддержки", "Smart process of support",
        lambda value: value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0),
        ("номер типа: целое число больше нуля", "the number of its type: a whole number above zero"),
    ),
)  # fmt: skip
BY_KEY = {setting.key: setting for setting in SETTINGS}


def read_choices(ctx: Context) -> Choices:
    """Return what is chosen; what is not, or cannot be any more, is as it was declared."""
    saved = ctx.app_store.find_setting(ctx.portal.member_id, SETTING, {})
    values = {one.key: saved[one.key] if one.key in saved and one.check(saved[one.key]) else one.default for one in SETTINGS}
    edges = {name: tuple(sorted(numbers)) for name, numbers in values["rfm"].items()}
    return Choices(**{**values, "rfm": edges, "upsell_days": tuple(values["upsell_days"])})


def save_choices(ctx: Context, changes: Mapping[str, Any]) -> Choices:
    """Save some choices, the others stay. Raises Mistaken, with nothing saved. The caller then orders the job `model`."""
    ctx.viewer.check(ADMINISTER)
    for key, value in changes.items():
        setting = BY_KEY.get(key)
        if setting is None or not setting.check(value):
            title = setting or Setting(key, None, key, key, bool, ("такой настройки нет", "there is no such setting"))
            raise Mistaken(f"“{title.en}”: {title.need[1]}.", f"«{title.ru}»: {title.need[0]}.")
    saved = ctx.app_store.find_setting(ctx.portal.member_id, SETTING, {})
    ctx.app_store.save_setting(ctx.portal.member_id, SETTING, {**saved, **changes})
    return read_choices(ctx)


def read_form(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the choices that a form of the settings page makes; what is no number stays as it was written, for `save_choices` to refuse.

    Edges come as `rfm_r` (auto or own) with `rfm_r_1` ... `rfm_r_4`, spans as two fields.
    """
    edges = {
        name: [_number(form.get(f"rfm_{name}_{place}", "")) for place in range(1, 5)] for name in RFM if form.get(f"rfm_{name}") == "own"
    }
    process = form.get("support_process", "").strip()
    return {
        "mode": form.get("mode", ""),
        "upsell_days": [_number(form.get(name, "")) for name in ("upsell_from", "upsell_to")],
        "retention": {name: _number(form.get(name, "")) for name in ("lapsing", "lost")},
        "rfm": edges,
        "support_process": _number(process) if process else None,
        **{name: form.get(name, "") for name in ("consent_field", "city_field", "date_field")},
    }


def _number(text: str) -> Any:
    try:
        number = float(text.replace(",", ".").replace(" ", "").replace("\N{NO-BREAK SPACE}", ""))
    except ValueError:
        return text
    return int(number) if number.is_integer() else number
