"""How long do the facts of clients take: all of them from nothing, and one client that has changed?

    python benchmarks/facts.py [--quick] [--json]

Every size runs in a process of its own, so that its memory is its own: `value` of "memory" is the peak of that process, the filling
of the base included. One changed client is the median of many. "lock" is the longest time for which others could not write.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from b24app.clients.update import renew_facts, update_clients  # noqa: E402
from b24app.context import Context, Portal, Viewer  # noqa: E402
from b24app.store.database import open_writer  # noqa: E402
from b24app.store.migrations.mirror import MIGRATIONS  # noqa: E402
from b24app.store.mirror import PortalStore  # noqa: E402
from b24app.store.settings import AppStore  # noqa: E402
from b24app.store.upserts import upsert  # noqa: E402

NAME = "facts"
SIZES = (10_000, 100_000, 1_000_000)
QUICK = (2_000, 20_000)
DEALS_OF_A_CLIENT, COMPANIES, PRODUCTS = 5, 10, 300  # every tenth client is a company with two people
TODAY = date(2025, 6, 15)
CHANGED = 60
PIECE = 20_000
GOALS = {"all": 30.0, "memory": 500.0, "one": 50.0}


class TimedStore(PortalStore):
    """Remembers the longest time for which somebody held the writer."""

    longest = 0.0

    @contextmanager
    def write(self) -> Iterator[Any]:
        """Hold the lock, and measure how long if nobody of ours holds it yet."""
        outermost = not self.db.conn.in_transaction
        with super().write() as db:
            began = time.perf_counter()
            yield db
        if outermost:
            self.longest = max(self.longest, time.perf_counter() - began)


def fill(store: PortalStore, deals: int) -> int:
    """Fill a mirror with so many deals, a product row and a talk each; return how many clients it has."""
    chance, clients = random.Random(5), deals // DEALS_OF_A_CLIENT
    companies = clients // COMPANIES
    with store.write():
        upsert(store, "stage", [{"entity": "deal", "category_id": 0, "id": "LOSE", "title": "Дорого", "semantics": "F"}])
        upsert(store, "company", [{"id": n, "title": f"Company {n}", "assigned_by_id": n % 20} for n in range(1, companies + 1)])
    people = clients - companies + 2 * companies
    for first in range(1, people + 1, PIECE):
        numbers = range(first, min(first + PIECE, people + 1))
        with store.write():
            upsert(store, "contact", [contact(n, companies) for n in numbers])
            links = ({"contact_id": n, "company_id": (n + 1) // 2, "position": 0} for n in numbers if n <= 2 * companies)
            upsert(store, "contact_company", list(links))
            upsert(store, "communication", [phone(n) for n in numbers])
    for first in range(1, deals + 1, PIECE):
        rows = [deal(n, chance, people, companies) for n in range(first, min(first + PIECE, deals + 1))]
        with store.write():
            upsert(store, "deal", rows)
            upsert(store, "product_row", [product_row(row["id"], chance) for row in rows])
            upsert(store, "activity", [activity(row["id"], chance) for row in rows])
    return clients


def contact(number: int, companies: int) -> dict[str, Any]:
    """Return a contact; the first ones belong to companies, two to each."""
    company = (number + 1) // 2 if number <= 2 * companies else None
    names = {"name": "Имя", "last_name": f"Фамилия{number}", "birthdate": "1985-05-05", "honorific": "HNR_RU_1"}
    return {"id": number, **names, "assigned_by_id": number % 20, "company_id": company, "source_id": "WEB"}


def phone(number: int) -> dict[str, Any]:
    """Return a contact's phone."""
    return {"entity": "contact", "entity_id": number, "id": number, "kind": "PHONE", "value": f"+7916{number:07}"}


def deal(number: int, chance: random.Random, people: int, companies: int) -> dict[str, Any]:
    """Return a deal of somebody within three years."""
    buyer = int(people * chance.random() ** 1.5) + 1
    closed = (TODAY - timedelta(days=int(1000 * chance.random()))).isoformat()
    state = "S" if chance.random() < 0.75 else "F"
    return {
        "id": number,
        "title": "Сделка",
        "stage_id": "WON" if state == "S" else "LOSE",
        "stage_semantic_id": state,
        "category_id": 0,
        "closedate": closed,
        "opportunity": round(chance.lognormvariate(9, 1), 2),
        "currency_id": "RUB",
        "contact_id": buyer,
        "company_id": (buyer + 1) // 2 if buyer <= 2 * companies else None,
        "last_activity_time": f"{closed}T10:00:00Z",
    }


def product_row(number: int, chance: random.Random) -> dict[str, Any]:
    """Return what was sold in a deal."""
    product = int(PRODUCTS * chance.random() ** 2) + 1
    return {"id": number, "owner_type": "D", "owner_id": number, "product_id": product, "product_name": f"Product {product}"}


def activity(number: int, chance: random.Random) -> dict[str, Any]:
    """Return a talk about a deal."""
    day = TODAY - timedelta(days=int(1000 * chance.random()))
    what = {"subject": "Жалоба" if number % 50 == 0 else "Звонок: уточнить", "provider_id": "VOXIMPLANT_CALL", "type_id": 2}
    return {
        "id": number, "owner_type_id": 2, "owner_id": number, **what, "direction": 1 + number % 2, "completed": 1,
        "start_time": f"{day}T12:{number % 60:02}:00Z",
    }  # fmt: skip


def measure(deals: int) -> dict[str, Any]:
    """Fill a base and measure it; runs in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        app_store = AppStore(Path(folder) / "app.db")
        store = TimedStore(open_writer(Path(folder) / "portal.db", MIGRATIONS), writable=True)
        try:
            return measure_store(store, app_store, deals)
        finally:
            store.close()
            app_store.close()


def measure_store(store: TimedStore, app_store: AppStore, deals: int) -> dict[str, Any]:
    """Return seconds from nothing and of a night, milliseconds of one client, of the longest lock, megabytes at the peak."""
    nothing: Any = None
    log = logging.LoggerAdapter(logging.getLogger(NAME), {})
    portal = Portal(member_id="m1", url="https://example.bitrix24.ru", time_zone="Europe/Moscow")
    now = datetime(2025, 6, 15, 12, 0, tzinfo=UTC)
    ctx = Context(portal, Viewer.system(), nothing, app_store, store, nothing, log, clock=lambda: now)
    clients = fill(store, deals)
    store.longest = 0.0
    busy = time.process_time()
    found: dict[str, Any] = {"clients": clients, "all": seconds(lambda: update_clients(ctx))}
    found["cpu"] = time.process_time() - busy
    found["lock"] = store.longest * 1000
    found["night"] = seconds(lambda: renew_facts(ctx))
    keys = [row["key"] for row in store.rows("SELECT key FROM client ORDER BY key LIMIT 2000")]
    some = random.Random(6).sample(keys, min(CHANGED, len(keys)))
    times = [seconds(lambda key=key: update_clients(ctx, [key])) for key in some]
    found["one"] = statistics.median(times) * 1000
    found["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def seconds(work: Any) -> float:
    """Return how long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


WHAT = (
    ("all", "all facts from nothing", "s"),
    ("cpu", "  of it processor time", "s"),
    ("night", "all facts of a new day", "s"),
    ("lock", "longest lock meanwhile", "ms"),
    ("one", "one changed client", "ms"),
    ("memory", "peak memory", "MB"),
)


def main() -> None:
    """Measure every size and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes only")
    parser.add_argument("--json", action="store_true", help="one JSON object in place of the table")
    parser.add_argument("--deals", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.deals:
        print(json.dumps(measure(options.deals)))
        return
    rows = []
    for size in QUICK if options.quick else SIZES:
        command = [sys.executable, str(Path(__file__).resolve()), "--deals", str(size)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONWARNINGS": "default"})
        found = json.loads(done.stdout)
        rows += [
            {"name": name, "size": size, "value": round(found[key], 3), "unit": unit, "goal": GOALS.get(key), "peers": {}}
            for key, name, unit in WHAT
        ]
    print(json.dumps({"benchmark": NAME, "rows": rows}) if options.json else table(rows))


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows for people."""
    lines = [f"{'':<24} {'deals':>9} {'value':>10} {'':<3} {'goal':>8}"]
    for row in rows:
        goal = f"< {row['goal']:g}" if row["goal"] else ""
        lines.append(f"{row['name']:<24} {row['size']:>9,} {row['value']:>10,.2f} {row['unit']:<3} {goal:>8}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
