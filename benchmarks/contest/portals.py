"""Portals of a given size: made once, kept under var/bench, served over HTTPS by a process of its own. One has rows in four lists."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.contracts.certificates import Certificate, make_certificate

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "var" / "bench"
LISTS = ("contacts", "companies", "leads", "deals")


@dataclass(frozen=True)
class Prepared:
    """A filled directory and how many rows its lists have."""

    data: Path
    counts: dict[str, int]

    @property
    def rows(self) -> int:
        """How many rows the four lists have together."""
        return sum(self.counts[name] for name in LISTS)


def prepare(size: int) -> Prepared:
    """Return a portal of so many clients and deals, one to three; a client is a contact or a company. Leads come on top."""
    contacts, deals = size * 3 // 16, size * 3 // 4
    data = KEPT / f"portal-{contacts}-{deals}"
    command = [sys.executable, "-m", "sandbox", "prepare", "--data", str(data), "--contacts", str(contacts), "--deals", str(deals)]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return Prepared(data, json.loads(told)["counts"])


@cache
def certificate() -> Certificate:
    """Return this run's certificate: the vendor's SDK speaks HTTPS only, so all do."""
    return make_certificate(Path(mkdtemp()), "127.0.0.1")


COUNTING = "counting"  # no limits, but counting costs what the vendor has measured
COUNTING_COST = 21.0  # seconds a million records. settings/performance/huge-data.md: 49.9 s for 2,387,743


@contextmanager
def serving(data: Path, limits: str) -> Iterator[str]:
    """Serve a directory; yield the webhook's address. A new process has an empty bucket."""
    keys = ["--cert", str(certificate().cert), "--key", str(certificate().key)]
    # Its log of calls would grow with every run.
    kept = ["--limits", "none", "--counting-cost", str(COUNTING_COST)] if limits == COUNTING else ["--limits", limits]
    options = ["--data", str(data), *kept, "--port", "0", "--log", "/dev/null"]
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", "serve", *options, *keys], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["webhook"]
        finally:
            process.terminate()


@contextmanager
def copied(data: Path) -> Iterator[Path]:
    """Yield a copy to be changed."""
    copy = Path(mkdtemp(dir=KEPT))
    try:
        for path in data.glob("portal.db*"):
            shutil.copy(path, copy)
        yield copy
    finally:
        shutil.rmtree(copy)
