"""crm.currency.*: currencies, the base one, and how each is written in a language.

Source: api-reference/crm/currency/. A currency's key is its code, so its events are fired here and not by `records`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from sandbox.entities import Field
from sandbox.event_names import Event
from sandbox.filters import compile_order
from sandbox.params import Items, Map, Params
from sandbox.presenters import old_printer
from sandbox.rest import Answer, Call, Method, Record, RestError

SECTION = "currencies"
KINDS = {
    "CURRENCY": "string", "AMOUNT_CNT": "integer", "AMOUNT": "double", "SORT": "integer", "BASE": "char", "FULL_NAME": "string",
    "LID": "string", "FORMAT_STRING": "string", "DEC_POINT": "string", "THOUSANDS_SEP": "string", "DECIMALS": "integer",
    "DATE_UPDATE": "datetime",
}  # fmt: skip
SORTED = {name: Field(name, kind) for name, kind in KINDS.items() if name != "LID"}
CODE = re.compile(r"[A-Z]{3}")
# What a language gets that nobody described [crm_currency_localization].
LOCALIZATION: Record = {
    "FORMAT_STRING": "#", "FULL_NAME": None, "DEC_POINT": ".", "THOUSANDS_SEP": "&nbsp;", "DECIMALS": 2, "THOUSANDS_VARIANT": "B",
    "HIDE_ZERO": "Y",
}  # fmt: skip
OWN = ("FORMAT_STRING", "FULL_NAME", "DEC_POINT", "THOUSANDS_SEP", "DECIMALS")


class IdParams(Params):
    """One currency."""

    id = fields.Raw(load_default=None)


class WriteParams(IdParams):
    """A new currency or changes of one."""

    fields_ = Map(load_default=dict, data_key="fields")


class ListParams(Params):
    """All currencies in an order: there is neither paging nor a filter."""

    order = Map(load_default=dict)


class LocalizationsParams(IdParams):
    """How a currency is written in languages; or the languages to forget."""

    localizations = Map(load_default=dict)
    lids = Items(load_default=list)


def print_currency(row: Mapping[str, Any], language: str) -> Record:
    """Return a currency as it is written in a language."""
    shown = {**row, **{name: value for name, value in localizations(row, language).get(language, {}).items() if name in OWN}}
    made = {name: old_printer(kind)(shown.get(name)) for name, kind in KINDS.items()}
    return made | {"AMOUNT": f"{row['AMOUNT'] or 0:.4f}", "LID": language}


def localizations(row: Mapping[str, Any], language: str) -> dict[str, Record]:
    """Return how a currency is written, by language: at least in the portal's own."""
    return row["LANG"] or {language: LOCALIZATION | {name: row[name] for name in OWN if row[name] is not None}}


def _print_localizations(row: Mapping[str, Any], language: str) -> dict[str, Record]:
    found = localizations(row, language)
    return {one: {name: old_printer("string")(value) for name, value in words.items()} for one, words in found.items()}


def _get(call: Call, refusal: str) -> Record:
    row = call.portal.store.get(SECTION, str(call.params["id"] or "").upper())
    if row is None:
        raise RestError(400, "", refusal)
    return row


def currency_list(call: Call) -> Answer:
    """crm.currency.list: its total is always 0"""
    order = {str(name).upper(): direction for name, direction in call.params["order"].items()}
    rows = call.portal.store.find(SECTION, order=compile_order(SORTED, order, is_strict=False, default='"SORT", "CURRENCY"'))
    return Answer([print_currency(row, call.portal.language) for row in rows], total=0)


def currency_get(call: Call) -> Answer:
    """crm.currency.get"""
    row = _get(call, "Not found")
    return Answer(print_currency(row, call.portal.language) | {"LANG": _print_localizations(row, call.portal.language)})


def _read(sent: Mapping[str, Any]) -> Record:
    made: Record = {}
    for name, reader in (("AMOUNT_CNT", int), ("AMOUNT", float), ("SORT", int)):
        if name in sent:
            try:
                made[name] = reader(sent[name])
            except (TypeError, ValueError) as error:
                raise RestError(400, "ERROR_CORE", f"{name} is not a number") from error
    if sent.get("BASE") in ("Y", "N"):
        made["BASE"] = sent["BASE"]
    return made


def _merged(before: Mapping[str, Record], sent: Any) -> dict[str, Record]:
    made = dict(before)
    for language, words in sent.items() if isinstance(sent, Mapping) else ():
        if isinstance(words, Mapping):
            known = {str(name).upper(): value for name, value in words.items()}
            made[str(language)] = LOCALIZATION | made.get(str(language), {}) | {n: known[n] for n in LOCALIZATION if n in known}
    return made


def currency_add(call: Call) -> Answer:
    """crm.currency.add: answers the code"""
    sent, store = call.params["fields_"], call.portal.store
    for name in ("CURRENCY", "AMOUNT_CNT", "AMOUNT"):
        if sent.get(name) in (None, ""):
            raise RestError(400, "ERROR_CORE", f'Undefined array key "{name}"')
    code = str(sent["CURRENCY"]).upper()
    if not CODE.fullmatch(code):
        raise RestError(400, "ERROR_CORE", "Идентификатор валюты должен состоять из 3 символов")
    row = {
        "SORT": 100,
        "BASE": "N",
        "FULL_NAME": code,
        **LOCALIZATION,
        **_read(sent),
        "CURRENCY": code,
        "LANG": _merged({}, sent.get("LANG")),
    }
    row["FULL_NAME"] = row["FULL_NAME"] or code
    with store.write():
        if store.get(SECTION, code):
            raise RestError(400, "ERROR_CORE", f"Валюта {code} уже существует")
        store.insert(SECTION, row | {"DATE_UPDATE": call.portal.clock.stamp(), "BASE": "N"})
        if row["BASE"] == "Y":
            _make_base(call, code)
    _fire(call, "ADD", code)
    return Answer(code)


def currency_update(call: Call) -> Answer:
    """crm.currency.update"""
    row, sent = _get(call, "Not found"), call.params["fields_"]
    changes = _read(sent) | {"DATE_UPDATE": call.portal.clock.stamp()}
    if sent.get("LANG"):
        changes["LANG"] = _merged(localizations(row, call.portal.language), sent["LANG"])
    is_base = changes.pop("BASE", "N") == "Y"
    call.portal.store.save(SECTION, row["CURRENCY"], changes)
    if is_base:
        _make_base(call, row["CURRENCY"])
    _fire(call, "UPDATE", row["CURRENCY"])
    return Answer(True)


def currency_delete(call: Call) -> Answer:
    """crm.currency.delete"""
    row = _get(call, "Not found")
    if row["BASE"] == "Y":
        raise RestError(400, "", "Нельзя удалить базовую валюту.")
    call.portal.store.delete(SECTION, row["CURRENCY"])
    _fire(call, "DELETE", row["CURRENCY"])
    return Answer(True)


def _make_base(call: Call, code: str) -> None:
    with call.portal.store.write():
        for row in call.portal.store.find(SECTION):
            call.portal.store.save(SECTION, row["CURRENCY"], {"BASE": "Y" if row["CURRENCY"] == code else "N"})


def _fire(call: Call, kind: str, code: str) -> None:
    call.portal.active.events.fire(Event(f"ONCRMCURRENCY{kind}", {"FIELDS": {"ID": code}}, f"{SECTION}:{code}"), call.caller)


def base_get(call: Call) -> Answer:
    """crm.currency.base.get"""
    return Answer(call.portal.base_currency())


def base_set(call: Call) -> Answer:
    """crm.currency.base.set: other rates stay what they are"""
    _make_base(call, _get(call, "Not found")["CURRENCY"])
    return Answer(True)


NO_ID = "The parameter id is invalid or not defined."


def localizations_get(call: Call) -> Answer:
    """crm.currency.localizations.get"""
    return Answer(_print_localizations(_get(call, NO_ID), call.portal.language))


def localizations_set(call: Call) -> Answer:
    """crm.currency.localizations.set: languages that are not named stay"""
    row = _get(call, NO_ID)
    changed = _merged(localizations(row, call.portal.language), call.params["localizations"])
    call.portal.store.save(SECTION, row["CURRENCY"], {"LANG": changed})
    return Answer(True)


def localizations_delete(call: Call) -> Answer:
    """crm.currency.localizations.delete"""
    row = _get(call, NO_ID)
    gone = set(map(str, call.params["lids"]))
    kept = {one: words for one, words in localizations(row, call.portal.language).items() if one not in gone}
    call.portal.store.save(SECTION, row["CURRENCY"], {"LANG": kept})
    return Answer(True)


ADMIN: dict[str, Any] = {"admin": True, "admin_refusal": (400, "", "Access denied.")}
METHODS = (
    Method("crm.currency.list", currency_list, ListParams, "crm"),
    Method("crm.currency.get", currency_get, IdParams, "crm"),
    Method("crm.currency.add", currency_add, WriteParams, "crm", **ADMIN),
    Method("crm.currency.update", currency_update, WriteParams, "crm", **ADMIN),
    Method("crm.currency.delete", currency_delete, IdParams, "crm", **ADMIN),
    Method("crm.currency.base.get", base_get, None, "crm"),
    Method("crm.currency.base.set", base_set, IdParams, "crm", **ADMIN),
    Method("crm.currency.localizations.get", localizations_get, IdParams, "crm"),
    Method("crm.currency.localizations.set", localizations_set, LocalizationsParams, "crm", **ADMIN),
    Method("crm.currency.localizations.delete", localizations_delete, LocalizationsParams, "crm", **ADMIN),
)
