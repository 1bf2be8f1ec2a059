"""Whose record a robot was called for: looked through from deal, lead or smart process to the client, by the administrator's mode.

The mirror answers when it has the record and nothing is known to have changed since; otherwise the portal is asked, once.
Decides nothing of who is a client: that is `clients.identity`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.clients.cards import ClientCard, find_client, find_owner
from b24app.clients.settings import read_choices
from b24app.errors import BitrixBusy, BitrixError, Mistaken
from b24app.store import subjects as sql
from b24app.store.clients import COMPANIES_BUY
from robots.robot import Call

if TYPE_CHECKING:
    from b24app.context import Context

TYPES = {"deal": 2, "lead": 1}  # entityTypeId; a smart process carries its own in its name
DYNAMIC = "dynamic_"
YOUNG = 90.0  # seconds in which the mirror may not know a new client yet
PAUSE = 3.0
NO_CLIENT = (
    "There is no client here: choose a company or a contact in the card.",
    "Здесь нет клиента: выберите компанию или контакт в карточке.",
)
NOT_COUNTED = ("The app does not know this client yet.", "Приложение ещё не знает этого клиента.")
REFUSALS = {  # by the portal's code: the sentence in English and in Russian
    "NOT_FOUND": ("The record is not there any more.", "Этой записи больше нет."),
    "ACCESS_DENIED": ("Bitrix24 does not let the app read this record.", "Битрикс24 не разрешает приложению читать эту запись."),
}


@dataclass(frozen=True)
class Subject:
    """The record: its type in the portal, its number, who is responsible, whom it names."""

    type_id: int
    entity_id: int
    title: str
    responsible_id: int
    company_id: int
    contact_ids: tuple[int, ...]


def find_subject(ctx: Context, call: Call) -> Subject:
    """Return the record of a call. Raises Mistaken when the portal has it no more."""
    type_id = type_of(call.entity)
    table = f"smart_{type_id}" if call.entity.startswith(DYNAMIC) else call.entity
    row = None if sql.is_changing(ctx.store, table, call.entity_id) else sql.find_record(ctx.store, table, call.entity_id)
    if row is None:
        return _ask(ctx, type_id, call.entity_id)
    others = sql.list_contacts(ctx.store, call.entity_id) if call.entity == "deal" else []
    people = dict.fromkeys(one for one in (row["contact_id"], *others) if one)
    return Subject(type_id, call.entity_id, row["title"] or "", row["assigned_by_id"] or 0, row["company_id"] or 0, tuple(people))


def find_card(ctx: Context, call: Call, subject: Subject | None = None) -> ClientCard | None:
    """Return the client of a call's record, None when it has none.

    Raises BitrixBusy while the mirror may not have a new client yet, Mistaken when it still has not.
    """
    subject = subject or find_subject(ctx, call)
    key = next(_keys(ctx, subject), None)
    if key is not None:
        return find_client(ctx, key)
    if not _names_a_client(ctx, subject):
        return None
    if call.received_at and (ctx.now() - call.received_at).total_seconds() < YOUNG:
        raise BitrixBusy("mirror", "not_yet", "the client is not in the mirror yet", retry_after=PAUSE)
    raise Mistaken(*NOT_COUNTED)


def get_card(ctx: Context, call: Call) -> ClientCard:
    """Return the client of a call's record. Raises Mistaken when it has none, BitrixBusy as `find_card` does."""
    card = find_card(ctx, call)
    if card is None:
        raise Mistaken(*NO_CLIENT)
    return card


def type_of(entity: str) -> int:
    """Return the entityTypeId of a call's record."""
    return TYPES[entity] if entity in TYPES else int(entity.removeprefix(DYNAMIC))


def _keys(ctx: Context, subject: Subject) -> Iterator[str]:
    """Yield the clients that the record names, in the order in which a deal is found its client."""
    owned = [("company", subject.company_id)] if subject.company_id and _companies_come_first(ctx) else []
    for entity, number in [*owned, *(("contact", one) for one in subject.contact_ids)]:
        if key := find_owner(ctx, entity, number):
            yield key


def _companies_come_first(ctx: Context) -> bool:
    return read_choices(ctx).mode in COMPANIES_BUY


def _names_a_client(ctx: Context, subject: Subject) -> bool:
    company = subject.company_id and _companies_come_first(ctx) and not sql.is_our_own(ctx.store, subject.company_id)
    return bool(company or (subject.contact_ids and read_choices(ctx).mode != "companies"))


def _ask(ctx: Context, type_id: int, entity_id: int) -> Subject:
    params = {"entityTypeId": type_id, "id": entity_id, "useOriginalUfNames": "Y"}
    try:
        item: dict[str, Any] = ctx.bitrix.call("crm.item.get", params).result["item"]
    except BitrixError as error:
        if error.code in REFUSALS:
            raise Mistaken(*REFUSALS[error.code]) from error
        raise
    people = dict.fromkeys(int(one) for one in (item.get("contactId"), *(item.get("contactIds") or ())) if one)
    title, responsible = str(item.get("title") or ""), int(item.get("assignedById") or 0)
    return Subject(type_id, entity_id, title, responsible, int(item.get("companyId") or 0), tuple(people))
