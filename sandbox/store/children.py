"""What belongs to a CRM record but lives in tables of its own: phones and addresses, and links between objects. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.entities import BY_SECTION, MULTI_FIELDS, Entity

Record = dict[str, Any]


@dataclass(frozen=True)
class LinkKind:
    """How a list of ids in a record is kept: as links of a kind, read from the owner's or from the target's side."""

    section: str
    field: str
    primary: str
    kind: str
    is_reverse: bool = False

    @property
    def mine(self) -> str:
        """Return the link's column that holds this record's id."""
        return "TARGET_ID" if self.is_reverse else "OWNER_ID"

    @property
    def theirs(self) -> str:
        """Return the link's column that holds the other record's id."""
        return "OWNER_ID" if self.is_reverse else "TARGET_ID"


LINKS = (
    LinkKind("deals", "CONTACT_IDS", "CONTACT_ID", "deal_contact"),
    LinkKind("leads", "CONTACT_IDS", "CONTACT_ID", "lead_contact"),
    LinkKind("contacts", "COMPANY_IDS", "COMPANY_ID", "contact_company"),
    LinkKind("companies", "CONTACT_IDS", "", "contact_company", is_reverse=True),
)
LINKS_OF = {link.section: link for link in LINKS}
# Where a record of a section may stand in links: kind and column.
LINK_ENDS = {
    "deals": (("deal_contact", "OWNER_ID"),),
    "leads": (("lead_contact", "OWNER_ID"),),
    "contacts": (("contact_company", "OWNER_ID"), ("deal_contact", "TARGET_ID"), ("lead_contact", "TARGET_ID")),
    "companies": (("contact_company", "TARGET_ID"),),
}


def multi_names(entity: Entity) -> tuple[str, ...]:
    """Return the multi-fields that this kind of object has."""
    return tuple(field.name for field in entity.fields if field.kind == "crm_multifield")


HAS_MULTI = frozenset(section for section, entity in BY_SECTION.items() if multi_names(entity))


def complete(section: str, record: Record) -> Record:
    """Return the record with what follows from its children: HAS_PHONE and its kin, the first linked object."""
    made = dict(record)
    if section in HAS_MULTI:
        made.setdefault("HAS_PHONE", "Y" if record.get("PHONE") else "N")
        made.setdefault("HAS_EMAIL", "Y" if record.get("EMAIL") else "N")
        made.setdefault("HAS_IMOL", "N")
    link = LINKS_OF.get(section)
    if link and link.primary and not made.get(link.primary) and made.get(link.field):
        made[link.primary] = made[link.field][0]
    return made


def multi_rows(section: str, owner_id: int, record: Record) -> Iterator[Record]:
    """Yield rows of `multi_fields` for a record."""
    for type_id in MULTI_FIELDS:
        for value in record.get(type_id) or ():
            yield {
                "ID": value.get("ID"),
                "SECTION": section,
                "OWNER_ID": owner_id,
                "TYPE_ID": type_id,
                "VALUE_TYPE": value.get("VALUE_TYPE") or "WORK",
                "VALUE": value["VALUE"],
            }


def link_rows(section: str, owner_id: int, record: Record) -> Iterator[Record]:
    """Yield rows of `links` for a record; the object named by the single field is the primary one."""
    link = LINKS_OF.get(section)
    if link is None:
        return
    primary = record.get(link.primary)
    ids = list(dict.fromkeys(int(one) for one in record.get(link.field) or ()))
    if primary and int(primary) not in ids:
        ids.insert(0, int(primary))
    first = int(primary) if primary else (ids[0] if ids else 0)
    for place, other in enumerate(ids, 1):
        yield {
            "KIND": link.kind,
            link.mine: owner_id,
            link.theirs: other,
            "SORT": place * 10,
            "ROLE_ID": 0,
            "IS_PRIMARY": "Y" if other == first and not link.is_reverse else "N",
        }


def attach_multi(records: dict[int, Record], rows: Iterable[Record]) -> None:
    """Put multi-fields into records: only keys that have values."""
    for row in rows:
        value = {"ID": row["ID"], "VALUE_TYPE": row["VALUE_TYPE"], "VALUE": row["VALUE"], "TYPE_ID": row["TYPE_ID"]}
        records[row["OWNER_ID"]].setdefault(row["TYPE_ID"], []).append(value)


def attach_links(records: dict[int, Record], link: LinkKind, rows: Iterable[Record]) -> None:
    """Put the ids of linked objects into records; a record without any gets an empty list."""
    for record in records.values():
        record[link.field] = []
    for row in rows:
        records[row[link.mine]][link.field].append(row[link.theirs])
