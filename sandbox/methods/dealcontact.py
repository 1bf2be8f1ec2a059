"""crm.deal.contact.*: which contacts a deal has, in which order, and who of them is the first.

Source: api-reference/crm/deals/contacts/*.md. No event is documented for it, and none is sent (assumption 118).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import fields

from sandbox.access import check_visible
from sandbox.params import Params
from sandbox.rest import Answer, Call, Method, Record, RestError

KIND = "deal_contact"


class ContactParams(Params):
    """A deal, and what is written."""

    id = fields.Raw(load_default=0)
    items = fields.Raw(load_default=None)
    fields_ = fields.Raw(load_default=None, data_key="fields")


def _deal_id(call: Call) -> int:
    key = str(call.params["id"] or "")
    if not key.isdigit() or int(key) < 1:
        raise RestError(400, "", "The parameter 'ownerEntityID' is invalid or not defined.")
    deal = call.portal.store.get("deals", int(key))
    if deal is None:
        raise RestError(400, "", "Not found.")
    check_visible(call.portal.store, call.caller, deal)
    return int(key)


def list_links(call: Call, deal_id: int) -> list[Record]:
    """Return a deal's links to contacts in their order."""
    return call.portal.store.find("links", {"KIND": KIND, "OWNER_ID": deal_id}, order='"SORT", "ID"')


def items_get(call: Call) -> Answer:
    """List a deal's contacts; numbers are numbers here."""
    links = list_links(call, _deal_id(call))
    return Answer([{"CONTACT_ID": one["TARGET_ID"], **{name: one[name] for name in ("SORT", "ROLE_ID", "IS_PRIMARY")}} for one in links])


def save_links(call: Call, deal_id: int, links: Sequence[Mapping[str, Any]]) -> None:
    """Replace a deal's contacts; exactly one is the first, where there are any."""
    store = call.portal.store
    first = next((one["TARGET_ID"] for one in links if one["IS_PRIMARY"] == "Y"), links[0]["TARGET_ID"] if links else None)
    with store.write():
        store.save("deals", deal_id, {"CONTACT_ID": first, "CONTACT_IDS": []})
        store.delete_where("links", {"KIND": KIND, "OWNER_ID": deal_id})
        for one in links:
            link = {"KIND": KIND, "OWNER_ID": deal_id, "TARGET_ID": one["TARGET_ID"], "SORT": one["SORT"], "ROLE_ID": 0}
            store.insert("links", {**link, "IS_PRIMARY": "Y" if one["TARGET_ID"] == first else "N"})


def _read(call: Call, sent: Any, sort: int) -> Record:
    contact_id = str(sent.get("CONTACT_ID") or "") if isinstance(sent, Mapping) else ""
    if not contact_id.isdigit() or int(contact_id) <= 0:
        raise RestError(400, "", "The parameter 'fields' is not valid.")
    if call.portal.store.get("contacts", int(contact_id)) is None:
        raise RestError(400, "", "Not found.")
    given = str(sent.get("SORT") or "")
    primary = "Y" if sent.get("IS_PRIMARY") == "Y" else "N"
    return {"TARGET_ID": int(contact_id), "SORT": int(given) if given.isdigit() else sort, "IS_PRIMARY": primary}


def items_set(call: Call) -> Answer:
    """Replace all contacts of a deal."""
    deal_id, items = _deal_id(call), call.params["items"]
    if isinstance(items, Mapping):
        items = list(items.values())
    if not isinstance(items, list):
        raise RestError(400, "", "The parameter items must be array.")
    links = {link["TARGET_ID"]: link for place, one in enumerate(items) for link in [_read(call, one, (place + 1) * 10)]}
    save_links(call, deal_id, list(links.values()))
    return Answer(True)


def items_delete(call: Call) -> Answer:
    """Remove all contacts of a deal."""
    save_links(call, _deal_id(call), [])
    return Answer(True)


def contact_add(call: Call) -> Answer:
    """Add one contact; false when it is there already."""
    deal_id, links = _deal_id(call), []
    sent = call.params["fields_"]
    if not isinstance(sent, Mapping):
        raise RestError(400, "", "The parameter 'fields' must be array.")
    links = list_links(call, deal_id)
    link = _read(call, sent, max((one["SORT"] or 0 for one in links), default=0) + 10)
    if any(one["TARGET_ID"] == link["TARGET_ID"] for one in links):
        return Answer(False)
    if link["IS_PRIMARY"] == "Y":
        links = [{**one, "IS_PRIMARY": "N"} for one in links]
    save_links(call, deal_id, [*links, link])
    return Answer(True)


def contact_delete(call: Call) -> Answer:
    """Remove one contact; when it was the first, the next is."""
    deal_id, sent = _deal_id(call), call.params["fields_"]
    if not isinstance(sent, Mapping):
        raise RestError(400, "", "The parameter 'item' must be array.")
    target = _read(call, sent, 0)["TARGET_ID"]
    links = list_links(call, deal_id)
    kept = [one for one in links if one["TARGET_ID"] != target]
    save_links(call, deal_id, kept)
    return Answer(len(kept) < len(links))


METHODS = (
    Method("crm.deal.contact.items.get", items_get, ContactParams, "crm"),
    Method("crm.deal.contact.items.set", items_set, ContactParams, "crm"),
    Method("crm.deal.contact.items.delete", items_delete, ContactParams, "crm"),
    Method("crm.deal.contact.add", contact_add, ContactParams, "crm"),
    Method("crm.deal.contact.delete", contact_delete, ContactParams, "crm"),
)
