"""The figures of both processes in the form of Prometheus. What web counts itself is counted here; all else is asked when it is wanted.

Never shows a person, a record or a secret: portals go by their host, addresses by their pattern.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from b24app.errors import NotFound
from b24app.figures import read_figures
from b24app.health import list_lags, seconds_of
from b24app.portals import registry
from b24app.store.certificates import list_certificate_lines
from b24app.store.changes import count_changes
from b24app.store.copies import PARTS, list_databases
from b24app.store.database import StoreError
from b24app.store.inbox import InboxReader
from b24app.worker import HEARTBEAT, is_alive

if TYPE_CHECKING:
    from b24app.bitrix.budget import Budgets
    from b24app.services import Services

Lines = dict[tuple[str, ...], float]  # the values of labels: the number

PREFIX = "b24app"
SECONDS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0)
# What the worker counts: the name in its file, what it means. Those that end in "total" only grow.
OF_THE_WORKER: tuple[tuple[str, str], ...] = (
    ("drained_records_total", "Records that were read anew because an event or a comparison said so"),
    ("drains_total", "Rounds of reading"),
    ("portal_failures_total", "Pieces of work that failed and rest, by portal and part"),
    ("job_attempts_total", "Attempts of background jobs, by kind and how they ended"),
    ("jobs", "Background jobs: waiting and running now, failed within a day"),
)


class Metrics:
    """One an app. `budgets` is asked only when the figures are."""

    def __init__(self, services: Services, budgets: Callable[[], Budgets]) -> None:
        self._registry = CollectorRegistry()
        self._answers = Counter(
            f"{PREFIX}_http_requests",
            "Answers by address and status; events that went well are in inbox_messages",
            ["address", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(f"{PREFIX}_http_seconds", "How long answers took", ["address"], buckets=SECONDS, registry=self._registry)
        self._defects = Counter(f"{PREFIX}_defects", "Errors that nobody foresaw", registry=self._registry)
        self._registry.register(_Asked(services, budgets))

    def count_answer(self, address: str, status: int, seconds: float) -> None:
        """Count an answer; `address` is the pattern of a route, so that there are few."""
        self._answers.labels(address, str(status)).inc()
        self._seconds.labels(address).observe(seconds)

    def count_defect(self) -> None:
        """Count an error that nobody foresaw."""
        self._defects.inc()

    def show(self) -> bytes:
        """Return all of them as text."""
        return generate_latest(self._registry)


class _Asked(Collector):
    """What is asked when it is wanted."""

    def __init__(self, services: Services, budgets: Callable[[], Budgets]) -> None:
        self._services, self._budgets = services, budgets

    def describe(self) -> list[Metric]:
        """Say nothing: the names are known when they are asked."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every figure. A file that cannot be read just now hides its own figures, not the others'."""
        for part in (self._of_worker, self._of_inbox, self._of_portals, self._of_mirrors, self._of_files):
            with suppress(StoreError, OSError):
                yield from part()

    def _of_worker(self) -> Iterator[Metric]:
        folder, now = self._services.config.data_dir, time.time()
        yield _gauge("worker_up", "1 when the worker has shown a sign of life lately", {(): float(is_alive(folder, now))})
        with suppress(FileNotFoundError):
            beat = (folder / HEARTBEAT).stat().st_mtime
            yield _gauge("worker_silent_seconds", "Seconds since the worker's last sign of life", {(): max(now - beat, 0.0)})
        found = read_figures(folder)
        for name, meaning in OF_THE_WORKER:
            lines = {tuple(value for _, value in labels): amount for labels, amount in found.get(name, {}).items()}
            names = next(([key for key, _ in labels] for labels in found.get(name, {})), [])
            make = _counter if name.endswith("_total") else _gauge
            yield make(name.removesuffix("_total"), meaning, lines, names)

    def _of_inbox(self) -> Iterator[Metric]:
        reader = InboxReader(self._services.config.data_dir / "inbox.db")
        try:
            newest = reader.newest()
        finally:
            reader.close()
        yield _counter("inbox_messages", "Events, robots' calls and orders that were ever saved", {(): float(newest or 0)})
        lags = {_host(lag.portal.url): lag for lag in list_lags(self._services, time.time())}
        waiting: Lines = {(host,): float(lag.messages) for host, lag in lags.items()}
        yield _gauge("inbox_waiting", "Messages that wait to be taken in", waiting, ["portal"])
        oldest: Lines = {(host,): lag.seconds for host, lag in lags.items()}
        yield _gauge("inbox_oldest_seconds", "How long the oldest of them has waited", oldest, ["portal"])

    def _of_portals(self) -> Iterator[Metric]:
        requests, refused, seconds, limits, troubles = Lines(), Lines(), Lines(), Lines(), Lines()
        for portal in registry.list_portals(self._services.app_store):
            host, report = _host(portal.url), self._budgets().of(portal.url).read()
            for lane in {name for hour in report.hours for name in hour.requests}:
                requests[host, lane] = float(report.requests(lane))
            for status in {name for hour in report.hours for name in hour.refused}:
                refused[host, status] = float(report.refused(status))
            seconds |= {(host, method.name): method.now for method in report.methods}
            limits[(host,)] = report.limit
            troubles |= {(host, source, one.code): 1.0 for source, one in report.troubles.items()}
        yield _gauge("portal_requests_day", "Requests to a portal in 24 hours, by who waits", requests, ["portal", "lane"])
        yield _gauge("portal_refusals_day", "503 and 429 of a portal in 24 hours", refused, ["portal", "status"])
        yield _gauge("portal_operating_seconds", "Working seconds that count now, by method", seconds, ["portal", "method"])
        yield _gauge("portal_operating_limit_seconds", "Working seconds that a method may have", limits, ["portal"])
        yield _gauge("portal_trouble", "1 for everything that is wrong with a portal now", troubles, ["portal", "part", "trouble"])

    def _of_mirrors(self) -> Iterator[Metric]:
        changes, remaining, ages = Lines(), Lines(), Lines()
        for portal in registry.list_portals(self._services.app_store):
            with suppress(NotFound), self._services.stores.reader(portal.member_id) as store:
                host = _host(portal.url)
                changes[(host,)] = float(count_changes(store))
                if lines := list_certificate_lines(store, 1):
                    remaining[(host,)] = float(sum(line["remaining"] or 0 for line in lines))
                    ages[(host,)] = max(time.time() - seconds_of(lines[0]["finished_at"]), 0.0)
        yield _gauge("changes_waiting", "Records that have changed and wait to be read", changes, ["portal"])
        yield _gauge("certificate_differences", "Differences that the last full comparison has left", remaining, ["portal"])
        yield _gauge("certificate_age_seconds", "Seconds since the last full comparison", ages, ["portal"])

    def _of_files(self) -> Iterator[Metric]:
        folder = self._services.config.data_dir
        kinds = Lines()
        for name in list_databases(folder):
            kind = name if name in ("app.db", "inbox.db", "jobs.db") else "mirrors"
            sizes = [path.stat().st_size for path in (folder / f"{name}{part}" for part in PARTS) if path.exists()]
            kinds[(kind,)] = kinds.get((kind,), 0.0) + sum(sizes)
        yield _gauge("file_bytes", "Bytes of the databases with their journals", kinds, ["file"])


def _gauge(name: str, meaning: str, lines: Lines, labels: list[str] | None = None) -> Metric:
    return _filled(GaugeMetricFamily(f"{PREFIX}_{name}", meaning, labels=labels or []), lines)


def _counter(name: str, meaning: str, lines: Lines, labels: list[str] | None = None) -> Metric:
    return _filled(CounterMetricFamily(f"{PREFIX}_{name}", meaning, labels=labels or []), lines)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, lines: Lines) -> Metric:
    for labels, value in lines.items():
        family.add_metric(list(labels), value)
    return family


def _host(url: str) -> str:
    return urlsplit(url).netloc
