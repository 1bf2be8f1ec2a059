"""Gathers what an offer is made from: the deal fresh from the portal, for the mirror may lag; the history from the mirror.

Decides nothing: what the offer says is in values.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from b24app.documents.dossier import Source, find_fields
from b24app.documents.options import Options
from b24app.documents.requisites import COMPANY, CONTACT, Requisites, choose_requisites
from b24app.documents.templates import DEAL
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost, Mistaken
from b24app.store.offers import find_next_purchase, list_purchases, list_user_fields

if TYPE_CHECKING:
    from b24app.bitrix.client import Command
    from b24app.context import Context

MOST_PURCHASES = 5
FIELDS = "crm.documentgenerator.template.getfields"
PAGE = 50
REQUISITES, ACCOUNTS, TIES = "crm.requisite.list", "crm.requisite.bankdetail.list", "crm.requisite.link.list"
OWNERS = ("seller", "company", "contact")  # whose requisites are read
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
    seller = _seller(deal, results.get("seller"))
    source = Source(
        deal=deal,
        rows=_read_rows(ctx, deal_id, results["rows"]),
        company=_first(results.get("company")),
        contact=_first(results.get("contact")),
        seller=seller,
        manager=_first(results.get("manager")),
        signer=_first(results.get("signer")),
        ours=_requisites(results, (COMPANY, seller.get("id")), "MC_"),
        theirs=_requisites(results, (COMPANY, deal["companyId"]) if deal.get("companyId") else (CONTACT, deal.get("contactId")), ""),
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
    commands |= _requisite_commands(deal_id)
    if options.signer_id:
        commands["signer"] = ("user.get", {"filter": {"ID": options.signer_id}})
    if template_id:
        commands["fields"] = (FIELDS, {"id": template_id, "entityTypeId": DEAL, "entityId": deal_id})
    return commands


def _requisite_commands(deal_id: int) -> dict[str, Command]:
    """Return what to ask about the requisites of both sides. A refusal is no obstacle: the cards have fields for them too."""
    order = {"SORT": "ASC", "ID": "ASC"}
    client = {"company": COMPANY, "contact": CONTACT}
    ours = {"ENTITY_TYPE_ID": COMPANY, "@ENTITY_ID": ["$result[deal][item][mycompanyId]", "$result[seller][items][0][id]"]}
    theirs = {name: {"ENTITY_TYPE_ID": kind, "ENTITY_ID": f"$result[deal][item][{name}Id]"} for name, kind in client.items()}
    asked = {"seller": ours, **theirs}
    of = [f"$result[requisites_{name}][0][ID]" for name in OWNERS]
    named = [f"$result[ties][0][{name}]" for name in ("REQUISITE_ID", "MC_REQUISITE_ID")]
    return {
        "ties": (TIES, {"filter": {"ENTITY_TYPE_ID": DEAL, "ENTITY_ID": deal_id}}),
        **{f"requisites_{name}": (REQUISITES, {"filter": asked[name], "order": order}) for name in OWNERS},
        "accounts": (ACCOUNTS, {"filter": {"@ENTITY_ID": [*of, *named]}, "order": order}),
    }


def _requisites(results: Mapping[str, Any], owner: tuple[int, Any], prefix: str) -> Requisites:
    """Return what is meant of one side; what another side's card has, or nobody has asked for, is passed over."""
    tie = next((one for one in results.get("ties") or () if isinstance(one, Mapping)), {})
    listed = [one for name in OWNERS for one in results.get(f"requisites_{name}") or () if isinstance(one, Mapping)]
    accounts = [one for one in results.get("accounts") or () if isinstance(one, Mapping)]
    return choose_requisites(
        owner, {"requisites": listed, "accounts": accounts}, (tie.get(f"{prefix}REQUISITE_ID"), tie.get(f"{prefix}BANK_DETAIL_ID"))
    )


def _seller(deal: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """Return our own company that the deal names, else the first one."""
    named = [one for one in (result or {}).get("items") or () if str(one.get("id")) == str(deal.get("mycompanyId"))]
    return dict(named[0]) if named else _first(result)


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
