"""The full reconciliation: everything is compared, repaired, and compared again; the result is a certificate.

The second comparison is of what differed only. A record that was equal at first and differs later has changed meanwhile: it is
live, not left over. What is left over, or differs again in the next certificate, raises an alarm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from b24app.context import Context
from b24app.store.certificates import (
    list_alarm_rows,
    list_certificate_lines,
    list_returned,
    next_certificate,
    raise_alarms,
    save_certificate,
)
from b24app.store.cursors import save_cursor
from b24app.sync.apply import INSTANT
from b24app.sync.changed import note_complete
from b24app.sync.chosen import get_entity, list_entities, list_sources
from b24app.sync.compare import EXTRA, MISSING, STALE, Comparison, Moment, compare, compare_owned
from b24app.sync.dictionaries import pull_small
from b24app.sync.entities import BY_KEY, OWNED, Entity
from b24app.sync.first import counts, is_filling
from b24app.sync.pull import ask, count_records

RETURNED, REMAINING = "returned", "remaining"  # kinds of alarms
ROUNDS = 3  # comparisons of what differs, before what is left is called left over

Repair = Callable[[], object]


Found = dict[Entity, Comparison]
FIELDS = BY_KEY["user_field"]  # charged with all small things


def certify(ctx: Context, kind: str, repair: Repair) -> list[dict[str, Any]]:
    """Compare everything, repair, compare again what differed; save and return the certificate's lines, one an entity.

    `repair` reads all that was noted as changed. `kind`: nightly | asked. [] while the first sync is under way.
    """
    if is_filling(ctx):
        return []
    began, spent = ctx.now().strftime(INSTANT), Counter[str]()
    with ctx.store.pulling, _charged(ctx, spent, FIELDS.key):
        moment = _portal_moment(ctx)
        small = pull_small(ctx, [entity for entity in list_entities(ctx) if not entity.source and not entity.owner])
    first = _compare(ctx, (*list_sources(ctx), *OWNED), Moment(moment), spent)
    left = _repair(ctx, first, Moment(moment, trusts_notes=False), (repair, spent))
    head = {"id": next_certificate(ctx.store), "kind": kind, "started_at": began, "finished_at": ctx.now().strftime(INSTANT)}
    rows = counts(ctx)
    lines = [_line(head, found, len(left.get(entity, {}))) for entity, found in first.items()]
    lines += [_small_line(head, entity, rows[entity.key], differed) for entity, differed in {FIELDS: Counter[str](), **small}.items()]
    lines = [{**line, "requests": spent[line["entity"]]} for line in lines]
    _keep(ctx, first, left, lines)
    return lines


def list_certificates(ctx: Context, limit: int = 30) -> list[dict[str, Any]]:
    """Return certificates, the newest first: {id, kind, started_at, finished_at, found, repaired, live, remaining, requests,
    is_equal, lines}; a line has an entity's own numbers and `title`."""
    grouped: dict[int, list[dict[str, Any]]] = {}
    for row in list_certificate_lines(ctx.store, limit):
        grouped.setdefault(row["id"], []).append({**row, "title": _title(ctx, row["entity"])})
    return [_summed(lines) for lines in grouped.values()]


def last_certificate(ctx: Context) -> dict[str, Any] | None:
    """Return the newest certificate, or None."""
    found = list_certificates(ctx, 1)
    return found[0] if found else None


def list_alarms(ctx: Context, limit: int = 100) -> list[dict[str, Any]]:
    """Return alarms, the latest first: {kind: returned | remaining, entity, title, record_id, certificate_id, times, ...}."""
    return [{**row, "title": _title(ctx, row["entity"])} for row in list_alarm_rows(ctx.store, limit)]


def _portal_moment(ctx: Context) -> str:
    """Return the portal's own time, in UTC: what changes there from now on is no drift. Our clock may be another."""
    said = ask(ctx, {"now": ("server.time", {})})["now"].result
    return datetime.fromisoformat(str(said)).astimezone(UTC).strftime(INSTANT)


def _compare(ctx: Context, entities: Iterable[Entity], moment: Moment, spent: Counter[str]) -> Found:
    wanted = list(entities)
    listed = [entity for entity in wanted if entity.source]
    before = ctx.bitrix.meter.requests
    there = count_records(ctx, listed) if listed else {}
    found = compare(ctx, listed, there, moment)
    _share(spent, ctx.bitrix.meter.requests - before, there)  # lists share requests: each is charged by its length
    for entity in (entity for entity in wanted if not entity.source):
        with _charged(ctx, spent, entity.key):
            found[entity] = compare_owned(ctx, entity, moment)
    return found


def _repair(ctx: Context, first: Found, moment: Moment, work: tuple[Repair, Counter[str]]) -> dict[Entity, dict[int, str]]:
    """Repair and compare what differed, until nothing is left or nothing helps; return what is left."""
    repair, spent = work
    left = {entity: dict(found.drift) for entity, found in first.items() if found.drift}
    for _ in range(ROUNDS):
        before = ctx.bitrix.meter.requests
        repair()
        _share(spent, ctx.bitrix.meter.requests - before, {entity.key: len(numbers) for entity, numbers in left.items()})
        if not left:
            break
        again = _compare(ctx, left, moment, spent)
        still = {entity: _still(left[entity], found) for entity, found in again.items()}
        left = {entity: numbers for entity, numbers in still.items() if numbers}
    return left


@contextmanager
def _charged(ctx: Context, spent: Counter[str], key: str) -> Iterator[None]:
    before = ctx.bitrix.meter.requests
    yield
    spent[key] += ctx.bitrix.meter.requests - before


def _share(spent: Counter[str], requests: int, weights: Mapping[str, int]) -> None:
    """Charge requests by weight; what rounding leaves goes to the heaviest, so that the sum is true."""
    heaviest = max(weights, key=lambda key: weights[key], default=FIELDS.key)
    total = sum(weights.values())
    parts = {key: requests * weight // total for key, weight in weights.items()} if total else {}
    spent.update(parts)
    spent[heaviest] += requests - sum(parts.values())


def _still(before: dict[int, str], again: Comparison) -> dict[int, str]:
    return {number: kind for number, kind in again.drift.items() if number in before}


def _line(head: dict[str, Any], found: Comparison, remaining: int) -> dict[str, Any]:
    missing, extra, stale = (found.count(kind) for kind in (MISSING, EXTRA, STALE))
    there = {"rows_there": found.there, "rows_here": found.here, "missing_here": missing, "extra_here": extra, "stale": stale}
    return {
        **head,
        "entity": found.entity.key,
        **there,
        "repaired": len(found.drift) - remaining,
        "live": found.live,
        "remaining": remaining,
    }


def _small_line(head: dict[str, Any], entity: Entity, rows: int, differed: Counter[str]) -> dict[str, Any]:
    """Return the line of a dictionary, which was replaced as a whole."""
    before = rows - differed[MISSING] + differed[EXTRA]
    there = {"rows_there": rows, "rows_here": before, "missing_here": differed[MISSING], "extra_here": differed[EXTRA]}
    return {**head, "entity": entity.key, **there, "stale": differed[STALE], "repaired": differed.total(), "live": 0, "remaining": 0}


def _keep(ctx: Context, first: Found, left: dict[Entity, dict[int, str]], lines: list[dict[str, Any]]) -> None:
    number, now = lines[0]["id"], lines[0]["finished_at"]
    differences = [
        {"entity": entity.key, "record_id": record_id, "kind": kind}
        for entity, found in first.items()
        for record_id, kind in found.drift.items()
    ]
    with ctx.store.write():
        save_certificate(ctx.store, lines, differences)
        returned = [(row["entity"], row["record_id"]) for row in list_returned(ctx.store, number)]
        raised = raise_alarms(ctx.store, RETURNED, returned, (number, now))
        remaining = [(entity.key, record_id) for entity, numbers in left.items() for record_id in numbers]
        raised += raise_alarms(ctx.store, REMAINING, remaining, (number, now))
        save_cursor(ctx.store, "since", lines[0]["started_at"])
        for entity in first:
            note_complete(ctx, entity)
    if raised:
        ctx.log.warning("differences return or stay", extra={"certificate": number, "returned": len(returned), "remaining": len(remaining)})


def _summed(lines: list[dict[str, Any]]) -> dict[str, Any]:
    head = {name: lines[0][name] for name in ("id", "kind", "started_at", "finished_at")}
    found = sum(line["missing_here"] + line["extra_here"] + line["stale"] for line in lines)
    sums = {name: sum(line[name] for line in lines) for name in ("repaired", "live", "remaining", "requests")}
    return {**head, "found": found, **sums, "is_equal": sums["remaining"] == 0, "lines": lines}


def _title(ctx: Context, key: str) -> str:
    entity = get_entity(key)
    return entity.title_ru if ctx.lang == "ru" else entity.title_en
