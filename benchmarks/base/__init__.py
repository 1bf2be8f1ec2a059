"""A made-up mirror of any size, the same at every run: made once by SQL, kept under var/bench and copied for whoever measures.

Five deals a client on average, a product row and a talk a deal; every tenth client is a company with two people. The deals of a
client do not lie together, as they do not in a real base. What the app makes of the mirror is not here.
"""

from __future__ import annotations

import logging
import os
import resource
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any

from b24app.context import Context, Portal, Viewer
from b24app.store.database import open_writer
from b24app.store.migrations.mirror import MIGRATIONS
from b24app.store.mirror import PortalStore
from b24app.store.settings import AppStore

KEPT = Path(__file__).resolve().parent.parent.parent / "var" / "bench"
MADE = 3  # raised whenever what is made changes
TODAY = date(2025, 6, 15)
DEALS_OF_A_CLIENT, PEOPLE_OF_TEN = 5, 11
PRODUCTS = 300
# Numbers from 1 on, and chances from 0 to 1 that depend on nothing but the number.
NUMBERS = "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < :many) "


def chance(seed: int) -> str:
    """Return SQL for a chance of number `n`."""
    once = f"((n * 2654435761 + {seed * 97003}) & 2147483647)"
    twice = f"(({once} * {once} / 32768 + {once} + {seed * 7919}) & 2147483647)"
    return f"(({twice} * 1103515245 / 4096 + 12345 & 2147483647) / 2147483648.0)"


def day(seed: int) -> str:
    """Return SQL for a day within the last 1,000, the later the likelier."""
    return f"DATE('{TODAY}', '-' || CAST(1000 * {chance(seed)} * {chance(seed + 1)} AS INTEGER) || ' days')"


def buyer() -> str:
    """Return SQL for whose a deal is: some buy much more than others."""
    return f"CAST(:people * {chance(1)} * SQRT({chance(1)}) AS INTEGER) + 1"


MIRROR = (
    "INSERT INTO stage (entity, category_id, id, title, semantics) VALUES ('deal', 0, 'LOSE', 'Дорого', 'F')",
    "INSERT INTO user_field (entity, name, column_name, kind, title_ru, title_en, is_multiple) VALUES "
    "('contact', 'UF_CRM_UNTIL', 'uf_crm_until', 'date', 'Действует до', 'Valid until', 0), "
    "('company', 'UF_CRM_UNTIL', 'uf_crm_until', 'date', 'Действует до', 'Valid until', 0)",
    f"{NUMBERS} INSERT INTO company (id, title, assigned_by_id, source_id, created_time, uf_crm_until) "
    f"SELECT n, 'Company ' || n, n % 20, 'WEB', {day(40)} || 'T10:00:00Z', {day(50)} FROM number WHERE n <= :companies",
    f"{NUMBERS} INSERT INTO contact (id, name, last_name, birthdate, honorific, assigned_by_id, company_id, source_id, created_time, "
    "uf_crm_until, comments) "
    f"SELECT n, 'Имя', 'Фамилия' || n, {day(20)}, 'HNR_RU_1', n % 20, CASE WHEN n <= 2 * :companies THEN (n + 1) / 2 END, "
    f"CASE WHEN {chance(30)} < 0.3 THEN 'CALL' ELSE 'WEB' END, {day(40)} || 'T10:00:00Z', CASE WHEN {chance(31)} < 0.4 THEN {day(50)} END, "
    "'Оставил заявку на сайте, просил перезвонить' FROM number WHERE n <= :people",
    f"{NUMBERS} INSERT INTO contact_company (contact_id, company_id, position) SELECT n, (n + 1) / 2, 0 FROM number "
    "WHERE n <= 2 * :companies",
    f"{NUMBERS} INSERT INTO communication (entity, entity_id, id, kind, value) SELECT 'contact', n, n, 'PHONE', "
    "PRINTF('+7916%07d', n) FROM number WHERE n <= :people",
    f"{NUMBERS} INSERT INTO deal (id, title, stage_id, stage_semantic_id, category_id, closedate, opportunity, currency_id, contact_id, "
    "company_id, assigned_by_id, created_time, last_activity_time) SELECT n, 'Сделка', CASE WHEN won THEN 'WON' ELSE 'LOSE' END, "
    "CASE WHEN won THEN 'S' ELSE 'F' END, 0, closed, ROUND(1000 + 99000 * spent * spent, 2), 'RUB', buyer, "
    "CASE WHEN buyer <= 2 * :companies THEN (buyer + 1) / 2 END, n % 20, closed || 'T09:00:00Z', closed || 'T10:00:00Z' "
    f"FROM (SELECT n, {buyer()} AS buyer, {day(2)} AS closed, {chance(4)} < 0.75 AS won, {chance(5)} AS spent FROM number) AS made",
    f"{NUMBERS} INSERT INTO product_row (id, owner_type, owner_id, product_id, product_name, price, quantity) SELECT n, 'D', n, product, "
    f"'Product ' || product, 1000, 1 FROM (SELECT n, 1 + CAST({PRODUCTS} * {chance(6)} * {chance(7)} AS INTEGER) AS product FROM number)",
    f"{NUMBERS} INSERT INTO activity (id, owner_type_id, owner_id, subject, provider_id, type_id, direction, completed, created, "
    "start_time) SELECT n, 2, n, CASE WHEN n % 50 = 0 THEN 'Жалоба' ELSE 'Звонок: уточнить' END, 'VOXIMPLANT_CALL', 2, 1 + n % 2, 1, at, "
    f"at FROM (SELECT n, {day(8)} || PRINTF('T12:%02d:00Z', n % 60) AS at FROM number)",
)


@contextmanager
def copied(name: str, clients: int, make: Callable[[Context], object] | None = None) -> Iterator[Context]:
    """Yield a context over a copy of the base; `make` finishes a new one, which is kept for the next time."""
    KEPT.mkdir(parents=True, exist_ok=True)
    kept = KEPT / f"{name}-{clients}-{MADE}.db"
    if not kept.exists():
        part = kept.with_suffix(".part")
        part.unlink(missing_ok=True)
        with opened(part) as ctx:
            fill(ctx.store, clients)
            if make:
                make(ctx)
            ctx.store.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        part.rename(kept)
    with TemporaryDirectory(dir=KEPT) as directory:
        path = Path(directory) / "m1.db"
        shutil.copy(kept, path)
        with opened(path) as ctx:
            yield ctx


@contextmanager
def opened(path: Path) -> Iterator[Context]:
    """Yield a context of the system at noon of TODAY over a file."""
    nothing: Any = None
    portal = Portal(member_id="m1", url="https://example.bitrix24.ru", time_zone="Europe/Moscow")
    log = logging.LoggerAdapter(logging.getLogger("bench"), {})
    now = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
    with (
        PortalStore(open_writer(path, MIGRATIONS), writable=True) as store,
        closing(AppStore(path.with_name(f"{path.stem}-app.db"))) as app,
    ):
        yield Context(portal, Viewer.system(), nothing, app, store, nothing, log, clock=lambda: now)
    path.with_name(f"{path.stem}-app.db").unlink()


def processor() -> float:
    """Return the processor seconds of this process and of those that it has waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


class Memory:
    """The megabytes of this process and of those that it has started, watched until the end of a `with`; `peak` is the most of them."""

    def __init__(self) -> None:
        self.peak = 0.0
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look)

    def __enter__(self) -> Memory:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()

    def _look(self) -> None:
        """Look ten times a second: what a process used before it became another program is not counted, as `getrusage` does."""
        while not self._over.wait(0.1):
            own = Path("/proc/self")
            others = [number for task in own.glob("task/*/children") for number in task.read_text().split()]
            self.peak = max(self.peak, resident(own) + sum(resident(Path("/proc") / number) for number in others))


def resident(process: Path) -> float:
    """Return the megabytes of a process; 0 when it is gone."""
    try:
        return int((process / "statm").read_text().split()[1]) * resource.getpagesize() / 2**20
    except (OSError, IndexError):
        return 0.0


def load() -> float:
    """Return the load average of the last minute."""
    return round(os.getloadavg()[0], 1)


def in_duckdb(path: Path, tables: dict[str, str]) -> Any:
    """Return DuckDB with these tables (name to columns) of a file in its memory; None when it is not there."""
    try:
        import duckdb
    except ImportError:
        return None
    db = duckdb.connect()
    with closing(sqlite3.connect(path)) as source:
        for table, columns in tables.items():
            copy(db, source, table, columns)
    return db


def copy(db: Any, source: sqlite3.Connection, table: str, columns: str) -> None:
    """Copy a table by way of a CSV file, which needs no other library."""
    with NamedTemporaryFile("w", suffix=".csv", dir=KEPT) as file:
        file.write(columns.replace(" ", "") + "\n")
        for row in source.execute(f"SELECT {columns} FROM {table}"):
            file.write(",".join("" if value is None else str(value) for value in row) + "\n")
        file.flush()
        db.execute(f"CREATE TABLE {table} AS SELECT * FROM read_csv('{file.name}', header = true)")


def fill(store: PortalStore, clients: int) -> None:
    """Fill a mirror for so many clients."""
    companies = clients // 10
    for card in ("contact", "company"):
        store.add_columns(card, {"uf_crm_until": "TEXT"})
    sizes = {"companies": companies, "people": clients // 10 * PEOPLE_OF_TEN, "many": clients * DEALS_OF_A_CLIENT}
    with store.write() as db:
        for statement in MIRROR:
            db.conn.execute(statement, sizes)
