"""Where the records of a client are found, and how a condition on records becomes an answer about their client. Pure.

A record is looked up for one client; for all clients the records are walked through once, which is some fifteen times as fast.
"""

from __future__ import annotations

from dataclasses import dataclass

from b24app.store.clients import COMPANIES_FROM

NUMBER = (
    f"(CASE WHEN link.client_key LIKE 'CO%' THEN {COMPANIES_FROM} + CAST(SUBSTR(link.client_key, 4) AS INTEGER) "
    "ELSE CAST(SUBSTR(link.client_key, 3) AS INTEGER) END)"
)


@dataclass(frozen=True)
class Path:
    """A way from a client to records: FROM and WHERE for one client; for all at once FROM, the client's number, WHERE.

    CROSS JOIN keeps the planner from walking in another order than that in which the records lie.
    """

    found: str
    where: str
    walked: str = ""
    number: str = NUMBER
    within: str = "TRUE"


Paths = tuple[Path, ...]
# Where the records of a client are found. A lead that has become a client names him too (crm/leads: CONTACT_ID, COMPANY_ID).
RECORDS: dict[str, Paths] = {
    "contact": (
        Path(
            "client_contact AS link JOIN contact ON contact.id = link.contact_id",
            "link.client_key = client.key",
            "contact CROSS JOIN client_contact AS link ON link.contact_id = contact.id",
        ),
    ),
    "company": (Path("company", "client.kind = 'company' AND company.id = client.entity_id", "company", f"{COMPANIES_FROM} + company.id"),),
    "lead": (
        Path(
            "client_contact AS link JOIN lead ON lead.contact_id = link.contact_id",
            "link.client_key = client.key",
            "lead CROSS JOIN client_contact AS link ON link.contact_id = lead.contact_id",
        ),
        Path(
            "lead",
            "client.kind = 'company' AND lead.company_id = client.entity_id",
            "lead",
            f"{COMPANIES_FROM} + lead.company_id",
            "lead.company_id IS NOT NULL",
        ),
    ),
    "deal": (
        Path(
            "client_deal AS link JOIN deal ON deal.id = link.deal_id",
            "link.client_key = client.key",
            "deal CROSS JOIN client_deal AS link ON link.deal_id = deal.id",
        ),
    ),
}


def best_of_one(paths: Paths, test: str) -> str:
    """Return the three-valued OR over the records of one client: yes if one says yes, else unknown if one does not know, else no."""
    best = f"CASE ({test}) WHEN TRUE THEN 2 WHEN FALSE THEN 0 ELSE 1 END"
    each = " UNION ALL ".join(f"SELECT {best} AS best FROM {path.found} WHERE {path.where}" for path in paths)
    return f"(SELECT MAX(best) FROM ({each}) AS found)"


def best_of_all(paths: Paths, test: str) -> str:
    """Return the same for all clients with a record that does not say no: `number`, `best` (2 yes, 1 unknown), a row a record."""
    best = f"CASE WHEN {test} THEN 2 ELSE 1 END"
    return " UNION ALL ".join(
        f"SELECT {path.number} AS number, {best} AS best FROM {path.walked} WHERE {path.within} AND ({test}) IS NOT FALSE" for path in paths
    )


def known_best(best: str) -> str:
    """Return the answer that SQL for the best record stands for; nobody says yes where there is no record."""
    return f"(CASE COALESCE({best}, 0) WHEN 2 THEN TRUE WHEN 0 THEN FALSE END)"
