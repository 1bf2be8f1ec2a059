"""All that the portal posts to the outside: a durable queue and the threads that empty it.

What was attempted once is never sent again, whatever came of it: an event that was not delivered is lost, as in Bitrix24,
and stays in the queue's table as the delivery log. Knows neither events nor robots: it gets a ready body.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from sandbox.store import Section

if TYPE_CHECKING:
    from sandbox.clock import Clock
    from sandbox.faults import Faults
    from sandbox.rest import Record
    from sandbox.store import Store

SECTIONS = (
    Section.declare(
        "outbox",
        "ID:integer KIND:string NAME:string URL:string BODY:string REF_ID:integer STATE:string CREATED:datetime ATTEMPTED:datetime "
        "STATUS:integer ERROR:string SECONDS:double",
        "STATE",
    ),
)
SLOW = "the handler did not answer in time"
ORDERED = "lost, as ordered"
WAITING, SENDING, SENT, LOST = "waiting", "sending", "sent", "lost"

THREADS = 8
TIME_OUT = (3.05, 15.0)  # seconds to connect, to answer (assumption A1: the documentation names none)
# A kept connection that idled longer may be closed by the other side just as we write to it, and the post would be lost.
IDLE = 1.0
HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Bitrix24 Webhook Engine"}

log = logging.getLogger("sandbox.outbox")
Told = Callable[["Record"], None]


@dataclass(frozen=True)
class Letter:
    """One post: `kind` is event or robot, `name` is what a person reads in the log, `ref_id` is the sender's own number."""

    kind: str
    name: str
    url: str
    body: str
    ref_id: int = 0


class Outbox:
    """The queue of posts. Rows may be added before `start` and survive `stop`."""

    def __init__(self, store: Store, clock: Clock, faults: Faults, threads: int = THREADS) -> None:
        self._store, self._clock, self._faults, self._count = store, clock, faults, threads
        self._queue: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._late: set[threading.Timer] = set()
        self._stopping = threading.Event()
        self.told: dict[str, Told] = {}  # kind -> who is told of the outcome, in the sender's thread

    def post(self, letters: Iterable[Letter]) -> list[int]:
        """Queue posts; they leave when the transaction around is committed, unless a fault is ordered for them."""
        now = self._clock.stamp()
        keys: dict[int, float] = {}
        with self._store.write():
            for letter in letters:
                fate = self._faults.of_post(letter.kind)
                for _ in range(fate.copies):
                    keys[int(self._store.insert("outbox", _row(letter, now)))] = fate.wait
                if not fate.copies:
                    self._store.insert("outbox", {**_row(letter, now), "STATE": LOST, "ERROR": ORDERED})
        if self._threads:
            for key, wait in keys.items():
                self._send_after(key, wait)
        return list(keys)

    def _send_after(self, key: int, wait: float) -> None:
        if not wait:
            self._queue.put(key)
            return

        def leave() -> None:
            self._late.discard(timer)
            self._queue.put(key)

        timer = threading.Timer(wait, leave)
        timer.daemon = True
        self._late.add(timer)
        timer.start()

    def start(self) -> None:
        """Start the threads; what was being sent when the portal stopped counts as attempted."""
        if self._threads:
            return
        with self._store.write():
            for row in self._store.find("outbox", {"STATE": SENDING}):
                self._store.save("outbox", row["ID"], {"STATE": LOST, "ERROR": "the portal stopped while it was sending"})
            self._stopping.clear()
            self._threads = [threading.Thread(target=self._run, name=f"outbox-{n}", daemon=True) for n in range(self._count)]
            for key in self._waiting():
                self._queue.put(key)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop the threads after the posts that they are sending; the rest waits for the next start."""
        self._stopping.set()
        for timer in tuple(self._late):
            timer.cancel()
        self._late.clear()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
        self._threads, self._queue = [], queue.SimpleQueue()

    def wait_idle(self, seconds: float = 10.0) -> bool:
        """Wait until everything queued was attempted; return False when it took longer."""
        until = time.monotonic() + seconds
        while self._store.count("outbox", {"STATE": [WAITING, SENDING]}):
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    def log(self, limit: int = 200) -> list[Record]:
        """Return the latest posts, newest first, with what came of them."""
        return self._store.find("outbox", order='"ID" DESC', limit=limit)

    def _waiting(self) -> list[int]:
        return [row[0] for row in self._store.rows("SELECT ID FROM outbox WHERE STATE = ? ORDER BY ID", (WAITING,))]

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False  # the receivers are on this machine: no proxies, no .netrc
            session.headers.update(HEADERS)
            used = 0.0
            while (key := self._queue.get()) is not None and not self._stopping.is_set():
                if time.monotonic() - used > IDLE:
                    session.close()
                self._deliver(session, key)
                used = time.monotonic()

    def _deliver(self, session: requests.Session, key: int) -> None:
        letter = self._claim(key)
        if letter is None:
            return
        outcome = _send(session, letter)
        self._tell({**letter, **outcome})
        self._store.save("outbox", key, outcome)

    def _tell(self, letter: Record) -> None:
        """Tell who waits for the outcome; what follows from it is queued before this post counts as done."""
        told = self.told.get(letter["KIND"])
        try:
            if told is not None:
                told(letter)
        except Exception:  # the thread serves other posts too
            log.exception("told of post %s", letter["ID"])

    def _claim(self, key: int) -> Record | None:
        """Mark the post as attempted before it is sent: a crash in between loses it, and never doubles it."""
        with self._store.write():
            row = self._store.get("outbox", key)
            if row is None or row["STATE"] != WAITING:
                return None
            self._store.save("outbox", key, {"STATE": SENDING, "ATTEMPTED": self._clock.stamp()})
        return row


def _row(letter: Letter, now: str) -> dict[str, Any]:
    return {
        "KIND": letter.kind,
        "NAME": letter.name,
        "URL": letter.url,
        "BODY": letter.body,
        "REF_ID": letter.ref_id,
        "STATE": WAITING,
        "CREATED": now,
        "STATUS": 0,
        "ERROR": "",
        "SECONDS": 0.0,
    }


def _send(session: requests.Session, letter: Record) -> dict[str, Any]:
    """Post once and return what came of it. Redirects are not followed: a POST would become a GET."""
    began = time.monotonic()
    status, error = 0, ""
    try:
        with session.post(letter["URL"], data=letter["BODY"].encode(), timeout=TIME_OUT, allow_redirects=False) as answer:
            status = answer.status_code
            error = "" if status < 400 else f"the handler answered {status}"
    except requests.ReadTimeout:
        error = SLOW
    except requests.RequestException as failure:
        error = f"not delivered: {type(failure).__name__}"
    seconds = round(time.monotonic() - began, 4)
    return {"STATE": LOST if error else SENT, "STATUS": status, "ERROR": error, "SECONDS": seconds}
