"""Gathers what an offer is made from: the deal fresh from the portal, for the mirror may lag; the history from the mirror.

Decides nothing: what the offer says is in values.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from b24app.documents.dossier import Source, find_fields
from b24app.documents.options import Options
from b24app.documents.templates import DEAL
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost, Mistaken
from b24app.store.offers import find_next_purchase, list_purchases, list_user_fields

if TYPE_CHECKING:
    from b24app.bitrix.client import Command
    from b24app.context import Context

CONTACT, COMPANY = 3, 4  # entityTypeId
MOST_PURCHASES = 5
FIELDS = "crm.documentgenerator.template.getfields"
PAGE = 50
REFUSALS = {  # by the portal's code: the sentence in English and in Russian
    "NOT_FOUND": ("The deal is not there any more.", "Этой сделки больше нет."),
    "ACCESS_DENIED": ("Bitrix24 does not let the app read this deal.", "Битрикс24 не разрешает приложению читать эту сделку."),
}


def read_source(ctx: Context, deal_id: int, options: Options | None = None, template_id: int | None = None) -> Source:
    """Read all that an offer for the deal needs, in one request. Raises Mistaken when the deal cannot be read."""
    answer = ctx.bitrix.batch(_commands(deal_id, options or Options(), template_id))
    if error := answer.errors.get("deal"):
        raise _deal_error(error) from error
    for key, error in answer.errors.items():
        if key == "rows" or isinstance(error, (BitrixBusy, BitrixGone, BitrixLost)):
            raise error
    deal = dict(answer.results["deal"]["item"])
    results = answer.results  # a client or a user that was deleted meanwhile has none
    source = Source(
        deal=deal,
        rows=_read_rows(ctx, deal_id, results["rows"]),
        company=_first(results.get("company")),
        contact=_first(results.get("contact")),
        seller=_first(results.get("seller")),
        manager=_first(results.get("manager")),
        signer=_first(results.get("signer")),
        purchases=list_purchases(ctx.store, deal, MOST_PURCHASES),
        fields=find_fields(list_user_fields(ctx.store)),
        template_fields=_read_fields(results.get("fields")),
    )
    return replace(source, next_purchase=find_next_purchase(ctx.store, source.client_key))


def read_deal(ctx: Context, deal_id: int) -> dict[str, Any]:
    """Read the deal as it is now. Raises Mistaken when it is gone or closed to us."""
    try:
        answer = ctx.bitrix.call("crm.item.get", _item(DEAL, deal_id))
    except BitrixError as error:
        raise _deal_error(error) from error
    return dict(answer.result["item"])


def _deal_error(error: BitrixError) -> Exception:
    return Mistaken(*REFUSALS[error.code]) if error.code in REFUSALS else error


def _commands(deal_id: int, options: Options, template_id: int | None) -> dict[str, Command]:
    """Return what to ask about the deal, its rows, its client, our own company, the manager, and what the template would say.

    A deal without a company asks for company 0, which is not there.
    """
    commands: dict[str, Command] = {
        "deal": ("crm.item.get", _item(DEAL, deal_id)),
        "rows": ("crm.item.productrow.list", _rows_params(deal_id, 0)),
        "seller": ("crm.item.list", {"entityTypeId": COMPANY, "filter": {"isMyCompany": "Y"}, "order": {"id": "ASC"}, "select": ["*"]}),
        "manager": ("user.get", {"filter": {"ID": "$result[deal][item][assignedById]"}}),
        "company": ("crm.item.get", _item(COMPANY, "$result[deal][item][companyId]")),
        "contact": ("crm.item.get", _item(CONTACT, "$result[deal][item][contactId]")),
    }
    if options.signer_id:
        commands["signer"] = ("user.get", {"filter": {"ID": options.signer_id}})
    if template_id:
        commands["fields"] = (FIELDS, {"id": template_id, "entityTypeId": DEAL, "entityId": deal_id})
    return commands


def _read_fields(result: Any) -> dict[str, dict[str, Any]] | None:
    """Return what the generator says it would fill in, by code; None when it refused to say."""
    found = result.get("templateFields") if isinstance(result, Mapping) else None
    return {code: dict(told) for code, told in found.items() if isinstance(told, Mapping)} if isinstance(found, Mapping) else None


def _read_rows(ctx: Context, deal_id: int, page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return all product rows; the first page is there already."""
    rows = list(page["productRows"])
    while len(page["productRows"]) == PAGE:
        page = ctx.bitrix.call("crm.item.productrow.list", _rows_params(deal_id, len(rows))).result
        rows += page["productRows"]
    return sorted(rows, key=lambda row: (row.get("sort") or 0, row["id"]))


def _rows_params(deal_id: int, start: int) -> dict[str, Any]:
    return {"filter": {"=ownerType": "D", "=ownerId": deal_id}, "order": {"id": "ASC"}, "start": start}


def _item(entity_type: int, record_id: int | str) -> dict[str, Any]:
    return {"entityTypeId": entity_type, "id": record_id, "useOriginalUfNames": "Y"}


def _first(result: Any) -> dict[str, Any]:
    """Return the record of crm.item.get, or the first one of a list; {} when there is none."""
    if isinstance(result, Mapping):
        found = [result["item"]] if "item" in result else result.get("items")
        return dict(found[0]) if found else {}
    return dict(result[0]) if result else {}
