"""crm.deal.contact.*, crm.lead.contact.*, crm.contact.company.*, crm.company.contact.*: who is linked with whom, in which order,
and who is the first.

Sources: api-reference/crm/{deals/contacts,leads/management-communication,contacts/company,companies/contacts}/*.md. No event is
documented for them, and none is sent (assumption 118).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from marshmallow import fields

from sandbox.access import check_visible
from sandbox.params import Params
from sandbox.rest import Answer, Call, Method, Record, RestError
from sandbox.store import Store


@dataclass(frozen=True)
class Bond:
    """One family: `prefix` of its methods, the section that owns the links, the section at the other end.

    `kind` is the links' kind. `is_reverse`: the owner stands in TARGET_ID, and which of its links is the first is kept apart.
    `is_placed`: a new link without SORT gets its place in the list, not one behind all others.
    `not_found` and `fields_needed` are how the pages of this family word their refusals.
    """

    prefix: str
    section: str
    target: str
    kind: str
    key: str
    is_reverse: bool = False
    is_placed: bool = True
    not_found: tuple[str, str] = ("", "Not found.")
    fields_needed: str = "The parameter 'item' must be array."

    @property
    def mine(self) -> str:
        """Return the link's column that holds the owner's id."""
        return "TARGET_ID" if self.is_reverse else "OWNER_ID"

    @property
    def theirs(self) -> str:
        """Return the link's column that holds the other's id."""
        return "OWNER_ID" if self.is_reverse else "TARGET_ID"

    @property
    def first(self) -> str:
        """Return the link's column that says whether it is the owner's first."""
        return "IS_PRIMARY_BACK" if self.is_reverse else "IS_PRIMARY"


FIELDS_NEEDED = "The parameter 'fields' must be array."
CONTACT_COMPANY = Bond(
    "crm.contact.company", "contacts", "companies", "contact_company", "COMPANY_ID", is_placed=False, fields_needed=FIELDS_NEEDED
)
BONDS = (
    Bond("crm.deal.contact", "deals", "contacts", "deal_contact", "CONTACT_ID"),
    Bond("crm.lead.contact", "leads", "contacts", "lead_contact", "CONTACT_ID", not_found=("NOT_FOUND", "Not found.")),
    CONTACT_COMPANY,
    Bond("crm.company.contact", "companies", "contacts", "contact_company", "CONTACT_ID", is_reverse=True, is_placed=False),
)


class LinkParams(Params):
    """An owner, and what is written."""

    id = fields.Raw(load_default=0)
    items = fields.Raw(load_default=None)
    fields_ = fields.Raw(load_default=None, data_key="fields")


def _not_found(bond: Bond) -> RestError:
    return RestError(400, *bond.not_found)


def _owner_id(bond: Bond, call: Call) -> int:
    key = str(call.params["id"] or "")
    if not key.isdigit() or int(key) < 1:
        raise RestError(400, "", "The parameter 'ownerEntityID' is invalid or not defined.")
    record = call.portal.store.get(bond.section, int(key)) if int(key) < 2**63 else None
    if record is None:
        raise _not_found(bond)
    check_visible(call.portal.store, call.caller, record)
    return int(key)


def list_links(bond: Bond, store: Store, owner_id: int) -> list[Record]:
    """Return an owner's links in their order, exactly one of them the first where there are any."""
    links = store.find("links", {"KIND": bond.kind, bond.mine: owner_id}, order='"SORT", "ID"')
    first = next((one for one in links if one[bond.first] == "Y"), links[0] if links else None)
    return [{**one, bond.first: "Y" if one is first else "N"} for one in links]


def items_get(bond: Bond, call: Call) -> Answer:
    """List an owner's links; numbers are numbers here."""
    links = list_links(bond, call.portal.store, _owner_id(bond, call))
    return Answer([_printed(bond, one) for one in links])


def _printed(bond: Bond, link: Record) -> Record:
    return {bond.key: link[bond.theirs], "SORT": link["SORT"] or 0, "ROLE_ID": link["ROLE_ID"] or 0, "IS_PRIMARY": link[bond.first]}


def save_links(bond: Bond, store: Store, owner_id: int, links: Sequence[Record]) -> None:
    """Replace an owner's links; of several first ones the first counts, without any the first link does."""
    first = next((one for one in links if one[bond.first] == "Y"), links[0] if links else None)
    links = [{**one, bond.first: "Y" if one is first else "N"} for one in links]
    with store.write():
        if not bond.is_reverse:
            _rewrite(bond, store, owner_id, links)
            return
        before = {one[bond.theirs] for one in list_links(bond, store, owner_id)}
        new = {one[bond.theirs]: one for one in links}
        for other in sorted(before | set(new)):
            _link_back(store, owner_id, other, new.get(other))


def _link_back(store: Store, owner_id: int, other: int, link: Record | None) -> None:
    """Write one link of a company from its contact's side, where the contact's own first company is kept."""
    kept = [one for one in list_links(CONTACT_COMPANY, store, other) if one["TARGET_ID"] != owner_id]
    _rewrite(CONTACT_COMPANY, store, other, [*kept, {**link, "TARGET_ID": owner_id}] if link else kept)


def _rewrite(bond: Bond, store: Store, owner_id: int, links: Sequence[Record]) -> None:
    """Write links owned by OWNER_ID, and the single field that names the first of them."""
    first = next((one for one in links if one.get("IS_PRIMARY") == "Y"), links[0] if links else None)
    store.save(bond.section, owner_id, {bond.key: first["TARGET_ID"] if first else None})
    store.delete_where("links", {"KIND": bond.kind, "OWNER_ID": owner_id})
    for one in links:
        kept = {name: one.get(name) for name in ("TARGET_ID", "SORT", "IS_PRIMARY_BACK")}
        store.insert("links", {**kept, "KIND": bond.kind, "OWNER_ID": owner_id, "ROLE_ID": 0, "IS_PRIMARY": "Y" if one is first else "N"})


def _read(bond: Bond, call: Call, sent: Any) -> Record:
    """Return a link from what was sent; without a SORT of its own it has none. Raises RestError."""
    key = str(sent.get(bond.key) or "") if isinstance(sent, Mapping) else ""
    if not key.isdigit() or int(key) <= 0:
        raise RestError(400, "", "The parameter 'fields' is not valid.")
    if int(key) >= 2**63 or call.portal.store.get(bond.target, int(key)) is None:
        raise _not_found(bond)
    given = str(sent.get("SORT") or "")
    return {
        bond.theirs: int(key),
        "SORT": int(given) if given.isdigit() else None,
        bond.first: "Y" if sent.get("IS_PRIMARY") == "Y" else "N",
    }


def items_set(bond: Bond, call: Call) -> Answer:
    """Replace all links; without SORT a link stands by its place in the list, or keeps its SORT, or goes behind all others."""
    owner_id, items = _owner_id(bond, call), call.params["items"]
    if isinstance(items, Mapping):
        items = list(items.values())
    if not isinstance(items, list):
        raise RestError(400, "", "The parameter items must be array.")
    known = {one[bond.theirs]: one for one in list_links(bond, call.portal.store, owner_id)}
    links = {link[bond.theirs]: link for one in items for link in [_read(bond, call, one)]}
    last = max(one["SORT"] or 0 for one in [*known.values(), *links.values(), {"SORT": 0}])
    whole = []
    for place, (other, link) in enumerate(links.items(), 1):
        before = {} if bond.is_placed else known.get(other, {})
        last = place * 10 if bond.is_placed else last + 10 * (not link["SORT"] and not before.get("SORT"))
        whole.append({**known.get(other, {}), **link, "SORT": link["SORT"] or before.get("SORT") or last})
    save_links(bond, call.portal.store, owner_id, whole)
    return Answer(True)


def items_delete(bond: Bond, call: Call) -> Answer:
    """Remove all links."""
    save_links(bond, call.portal.store, _owner_id(bond, call), [])
    return Answer(True)


def link_add(bond: Bond, call: Call) -> Answer:
    """Add one link; false when it is there already."""
    owner_id, sent = _owner_id(bond, call), call.params["fields_"]
    if not isinstance(sent, Mapping):
        raise RestError(400, "", FIELDS_NEEDED)
    links = list_links(bond, call.portal.store, owner_id)
    link = _read(bond, call, sent)
    if any(one[bond.theirs] == link[bond.theirs] for one in links):
        return Answer(False)
    if not link["SORT"]:
        link["SORT"] = max((one["SORT"] or 0 for one in links), default=0) + 10
    if link[bond.first] == "Y":
        links = [{**one, bond.first: "N"} for one in links]
    save_links(bond, call.portal.store, owner_id, [*links, link])
    return Answer(True)


def link_delete(bond: Bond, call: Call) -> Answer:
    """Remove one link; when it was the first, the next is."""
    owner_id, sent = _owner_id(bond, call), call.params["fields_"]
    if not isinstance(sent, Mapping):
        raise RestError(400, "", bond.fields_needed)
    target = _read(bond, call, sent)[bond.theirs]
    links = list_links(bond, call.portal.store, owner_id)
    kept = [one for one in links if one[bond.theirs] != target]
    save_links(bond, call.portal.store, owner_id, kept)
    return Answer(len(kept) < len(links))


FAMILY: tuple[tuple[str, Callable[[Bond, Call], Answer]], ...] = (
    ("items.get", items_get),
    ("items.set", items_set),
    ("items.delete", items_delete),
    ("add", link_add),
    ("delete", link_delete),
)
METHODS = tuple(Method(f"{bond.prefix}.{verb}", partial(function, bond), LinkParams, "crm") for bond in BONDS for verb, function in FAMILY)
