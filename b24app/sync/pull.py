"""Asks the portal: records by id, long lists, small lists, counts. Stores nothing.

Every command of a batch is looked at: one that failed raises, so that half an answer is never taken for a whole one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from b24app.bitrix.payloads import Answer
from b24app.context import Context
from b24app.sync.entities import ITEM_LIST, Entity, Whole
from b24app.sync.rows import Column, Record, read_id

PAGE = 50
COMMANDS = 50
OWNERS = 20  # deals asked for in one command: their product rows mostly fit one page

Command = tuple[str, Mapping[str, Any]]
ListCommand = tuple[str, Mapping[str, Any], str | None]  # method, params, key of the list inside the result


def list_fields(entity: Entity, user_columns: Sequence[Column]) -> list[str]:
    """Return what to select. Phones and e-mails come with '*' only and cannot be named. universal/crm-item-list.md"""
    extra = [link.source for link in entity.links] + [column.source for column in user_columns]
    return (["*"] if entity.has_communications else [column.source for column in entity.columns]) + extra


def item_params(entity: Entity, select: Sequence[str], condition: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the parameters of a crm.item.list."""
    return {"entityTypeId": entity.type_id, "select": list(select), "filter": dict(condition or {}), "useOriginalUfNames": "Y"}


def stream_records(
    ctx: Context, entity: Entity, select: Sequence[str], after: int = 0, condition: Mapping[str, Any] | None = None
) -> Iterator[list[dict[str, Any]]]:
    """Yield lists of records in the order of their ids; whatever was yielded is complete up to its last id."""
    yield from ctx.bitrix.stream(ITEM_LIST, item_params(entity, select, condition), "items", after)


def pull_records(ctx: Context, wanted: Mapping[Entity, tuple[Sequence[str], Sequence[int]]]) -> dict[Entity, list[Record]]:
    """Read records of several entities by id: entity -> (fields, ids). Whom the portal does not return is gone or hidden from us."""
    commands = {
        f"{entity.key}_{ids[0]}": (ITEM_LIST, {**item_params(entity, select, {"@id": ids}), "order": {"id": "ASC"}, "start": -1})
        for entity, (select, every) in wanted.items()
        for ids in cut(every, PAGE)
    }
    answers = ask(ctx, commands)
    found: dict[Entity, list[Record]] = {entity: [] for entity in wanted}
    for entity, (_, every) in wanted.items():
        for ids in cut(every, PAGE):
            found[entity] += read_list(answers[f"{entity.key}_{ids[0]}"].result, "items")
    return found


def pull_product_rows(ctx: Context, deal_ids: Sequence[int]) -> list[Record]:
    """Read all product rows of these deals, page after page by id: counting offsets would lose rows when one is deleted."""
    rows: list[Record] = []
    waiting = {str(index): (ids, 0) for index, ids in enumerate(cut(deal_ids, OWNERS))}
    while waiting:
        commands = {
            key: ("crm.item.productrow.list", {"filter": _rows_of(ids, last), "order": {"id": "asc"}, "start": -1})
            for key, (ids, last) in waiting.items()
        }
        pages = {key: read_list(answer.result, "productRows") for key, answer in ask(ctx, commands).items()}
        rows += [row for page in pages.values() for row in page]
        waiting = {key: (waiting[key][0], read_id(page[-1]["id"]) or 0) for key, page in pages.items() if len(page) >= PAGE}
    return rows


def pull_lists(ctx: Context, wanted: Mapping[str, ListCommand]) -> dict[str, list[Record]]:
    """Read small lists as a whole, in as few requests as possible, following `next` where there is one."""
    found: dict[str, list[Record]] = {key: [] for key in wanted}
    waiting = dict.fromkeys(wanted, 0)
    while waiting:
        answers = ask(ctx, {key: (wanted[key][0], {**wanted[key][1], "start": start}) for key, start in waiting.items()})
        for key, answer in answers.items():
            found[key] += read_list(answer.result, wanted[key][2])
        waiting = {key: answer.next for key, answer in answers.items() if answer.next and answer.next > waiting[key]}
    return found


def pull_wholes(ctx: Context, entities: Iterable[Entity]) -> dict[Entity, list[Record]]:
    """Read dictionaries."""
    wholes: dict[Entity, Whole] = {entity: entity.whole for entity in entities if entity.whole}
    lists = pull_lists(ctx, {entity.key: (whole.method, whole.params, whole.key) for entity, whole in wholes.items()})
    return {entity: lists[entity.key] for entity in wholes}


def count_records(ctx: Context, entities: Iterable[Entity]) -> dict[str, int]:
    """Return how many records of each entity the portal has for our token."""
    answers = ask(ctx, {entity.key: (ITEM_LIST, {**item_params(entity, ["id"]), "start": 0}) for entity in entities})
    return {key: answer.total or 0 for key, answer in answers.items()}


def ask(ctx: Context, commands: Mapping[str, Command]) -> dict[str, Answer]:
    """Send any number of reads in batches and return every answer. Raises what the first failed command says."""
    answers: dict[str, Answer] = {}
    for keys in cut(commands, COMMANDS):
        batch = ctx.bitrix.batch({key: commands[key] for key in keys})
        batch.raise_for_errors()
        answers |= batch.answers
    return answers


def read_list(result: Any, key: str | None) -> list[Record]:
    """Find the list in a result; an empty PHP map is [], a list with gaps an object."""
    found = result.get(key, []) if key and isinstance(result, Mapping) else result
    values = list(found.values()) if isinstance(found, Mapping) else found
    return [record for record in values or [] if isinstance(record, Mapping)]


def cut(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Cut a long list into pieces."""
    source = iter(values)
    while piece := list(islice(source, size)):
        yield piece


def _rows_of(ids: Sequence[int], after: int) -> dict[str, Any]:
    """Both conditions are obligatory, with their `=`. universal/product-rows/crm-item-productrow-list.md"""
    return {"=ownerType": "D", "=ownerId": list(ids), **({">id": after} if after else {})}
