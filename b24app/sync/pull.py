"""Asks the portal: records by id, long lists, small lists, counts. Stores nothing.

Every command of a batch is looked at: one that failed raises, so that half an answer is never taken for a whole one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from b24app.bitrix.chains import Extent, Query, chain, extent, read_chunk, read_extent
from b24app.bitrix.payloads import Answer
from b24app.context import Context
from b24app.errors import BitrixBusy, BitrixGone, BitrixLost
from b24app.sync.entities import Entity
from b24app.sync.rows import Column, Link, Part, Record
from b24app.sync.shapes import Whole

PAGE = 50
COMMANDS = 50
MOST_OWNERS = 200  # deals asked for in one command
PAGES = 5  # of product rows in one chain
MARGIN = 3.0  # standard deviations, if deals have rows by chance
NOT_REFUSALS = (BitrixBusy, BitrixLost, BitrixGone)

Command = tuple[str, Mapping[str, Any]]
ListCommand = tuple[str, Mapping[str, Any], str | None]  # method, params, key of the list inside the result


def list_fields(entity: Entity, user_columns: Sequence[Column]) -> list[str]:
    """Return what to select. Phones and e-mails come with '*' only and cannot be named. universal/crm-item-list.md"""
    kept: tuple[Link | Part, ...] = (*entity.links, *entity.parts)
    extra = [one.source for one in kept] + [column.source for column in user_columns]
    return (["*"] if entity.listed.asks_all else [column.source for column in entity.columns]) + extra


def list_query(entity: Entity, select: Sequence[str], condition: Mapping[str, Any] | None = None) -> Query:
    """Return what is asked of an entity's list."""
    source = entity.listed
    params = {**source.params, "select": list(select), "filter": dict(condition or {})}
    return Query(source.method, params, source.key, source.id_name)


def stream_records(
    ctx: Context, entity: Entity, select: Sequence[str], after: int = 0, known: Extent | None = None
) -> Iterator[list[dict[str, Any]]]:
    """Yield lists of records in the order of their ids; whatever was yielded is complete up to its last id.

    `known`: how far the list reaches; without it that is asked first.
    """
    yield from ctx.bitrix.stream(list_query(entity, select), after, known)


def pull_records(ctx: Context, wanted: Mapping[Entity, tuple[Sequence[str], Sequence[int]]]) -> dict[Entity, list[Record]]:
    """Read records of several entities by id: entity -> (fields, ids). Whom the portal does not return is gone or hidden from us."""
    commands: dict[str, Command] = {}
    owners: dict[str, Entity] = {}
    for entity, (select, every) in wanted.items():
        for ids in cut(every, PAGE):
            query = list_query(entity, select, {f"@{entity.listed.id_name}": ids})
            key = f"{entity.key}_{ids[0]}"
            commands[key] = (query.method, {**query.params, "order": {query.id_name: "ASC"}, "start": -1})
            owners[key] = entity
    found: dict[Entity, list[Record]] = {entity: [] for entity in wanted}
    for key, answer in ask(ctx, commands).items():
        found[owners[key]] += read_list(answer.result, owners[key].listed.key)
    return found


def pull_product_rows(ctx: Context, deal_ids: Sequence[int], rows_a_deal: float = 1.0) -> list[Record]:
    """Read all product rows of these deals by keyset chains: counting offsets would lose rows when one is deleted.

    `rows_a_deal` is what is expected: as many deals share a chain as mostly fit it; a chain that was too short goes on.
    """
    size, pages = plan_groups(rows_a_deal)
    rows: list[Record] = []
    waiting = [(ids, 0) for ids in cut(deal_ids, size)]
    while waiting:
        group, waiting = waiting[: COMMANDS // pages], waiting[COMMANDS // pages :]
        queries = [(Query("crm.item.productrow.list", {"filter": _rows_of(ids)}, "productRows"), last) for ids, last in group]
        commands: dict[str, Command] = {}
        for number, (query, last) in enumerate(queries):
            commands |= chain(query, last, None, pages, f"g{number}_p")
        batch = ctx.bitrix.batch(commands)
        for number, (query, last) in enumerate(queries):
            chunk = read_chunk(query, last, None, batch, f"g{number}_p")
            if chunk.error is not None:
                raise chunk.error
            rows += chunk.records
            if not chunk.done:
                waiting.append((group[number][0], chunk.last))
    return rows


def plan_groups(rows_a_deal: float) -> tuple[int, int]:
    """Return how many deals to ask for in one chain, and how many pages it needs, so that few pages come empty."""
    room = PAGES * PAGE
    deals = max(1, min(MOST_OWNERS, int((room - MARGIN * math.sqrt(room)) / max(rows_a_deal, 0.1))))
    expected = deals * rows_a_deal
    return deals, max(1, min(PAGES, math.ceil((expected + MARGIN * math.sqrt(expected)) / PAGE)))


def pull_lists(ctx: Context, wanted: Mapping[str, ListCommand], optional: Iterable[str] = ()) -> dict[str, list[Record]]:
    """Read small lists as a whole, in as few requests as possible, following `next` where there is one.

    An `optional` one that the portal refuses is left out.
    """
    may_fail = frozenset(optional)
    found: dict[str, list[Record]] = {key: [] for key in wanted}
    waiting = dict.fromkeys(wanted, 0)
    while waiting:
        answers = ask(ctx, {key: (wanted[key][0], {**wanted[key][1], "start": start}) for key, start in waiting.items()}, may_fail)
        found = {key: records for key, records in found.items() if key in answers or key not in waiting}
        for key, answer in answers.items():
            found[key] += read_list(answer.result, wanted[key][2])
        waiting = {key: answer.next for key, answer in answers.items() if answer.next and answer.next > waiting[key]}
    return found


def pull_wholes(ctx: Context, entities: Iterable[Entity]) -> dict[Entity, list[Record]]:
    """Read dictionaries; an optional one that the portal refuses is left out."""
    wholes: dict[Entity, Whole] = {entity: entity.whole for entity in entities if entity.whole}
    optional = [entity.key for entity, whole in wholes.items() if whole.is_optional]
    lists = pull_lists(ctx, {entity.key: (whole.method, whole.params, whole.key) for entity, whole in wholes.items()}, optional)
    return {entity: lists[entity.key] for entity in wholes if entity.key in lists}


def measure_lists(ctx: Context, entities: Iterable[Entity]) -> dict[Entity, Extent]:
    """Return how far each list reaches, and how many records the portal has for our token: one request for all."""
    queries = {entity: list_query(entity, [entity.listed.id_name]) for entity in entities}
    answers = ask(ctx, {entity.key: extent(query, is_counted=True) for entity, query in queries.items()})
    return {entity: read_extent(query, answers[entity.key]) for entity, query in queries.items()}


def count_records(ctx: Context, entities: Iterable[Entity]) -> dict[str, int]:
    """Return how many records of each entity the portal has for our token."""
    queries = {entity.key: list_query(entity, [entity.listed.id_name]) for entity in entities}
    answers = ask(ctx, {key: (query.method, {**query.params, "start": 0}) for key, query in queries.items()})
    return {key: answer.total or 0 for key, answer in answers.items()}


def ask(ctx: Context, commands: Mapping[str, Command], may_fail: frozenset[str] = frozenset()) -> dict[str, Answer]:
    """Send any number of reads in batches and return every answer. Raises what the first failed command says.

    One of `may_fail` that is refused has no answer; one that is only put off raises like any other.
    """
    answers: dict[str, Answer] = {}
    for keys in cut(commands, COMMANDS):
        batch = ctx.bitrix.batch({key: commands[key] for key in keys})
        refused = {key for key, error in batch.errors.items() if key in may_fail and not isinstance(error, NOT_REFUSALS)}
        for key in refused:
            ctx.log.info("refused by the portal, left out", extra={"what": key, "code": batch.errors.pop(key).code})
        batch.raise_for_errors()
        answers |= batch.answers
    return answers


def ask_some(ctx: Context, commands: Mapping[str, Command]) -> dict[str, Answer]:
    """Send reads of which any may be refused."""
    return ask(ctx, commands, frozenset(commands))


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


def _rows_of(ids: Sequence[int]) -> dict[str, Any]:
    """Both conditions are obligatory, with their `=`. universal/product-rows/crm-item-productrow-list.md"""
    return {"=ownerType": "D", "=ownerId": list(ids)}
