"""Events posted at a stated rate over kept connections, whatever becomes of them: an open loop, from a process of its own.

An event's time counts from the moment at which it was due, so neither a slow server nor a slow sender can hide behind the other.
One thread and epoll: what the load costs the processor is taken from those who are measured.
"""

from __future__ import annotations

import errno
import multiprocessing
import select
import socket
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from urllib.parse import urlencode, urlsplit

CONNECTIONS = 64
LAST = 30.0  # seconds after the last event was due
DIGITS = 9
ANSWERED, END = b"HTTP/1.1 200", b"\r\n\r\n"
PLACE = "0" * DIGITS

# All that the portal sends with an event. https://github.com/bitrix-tools/b24-rest-docs, api-reference/events/index.md
FORM = {
    "event": "ONCRMDEALUPDATE",
    "event_handler_id": "185",
    "data[FIELDS][ID]": PLACE,
    "ts": "1766047124",
    "auth[access_token]": "s6p6eclrvim6da22ft9ch94ekreb52lv" * 2,
    "auth[expires]": "1766050724",
    "auth[expires_in]": "3600",
    "auth[scope]": "crm,bizproc,placement,user,documentgenerator,im",
    "auth[domain]": "some-domain.bitrix24.ru",
    "auth[server_endpoint]": "https://oauth.bitrix24.tech/rest/",
    "auth[status]": "L",
    "auth[client_endpoint]": "https://some-domain.bitrix24.ru/rest/",
    "auth[user_id]": "1",
}


@dataclass
class Volley:
    """Whom to post to, as which portal, how many posts a second, for how long; they are numbered from `first`."""

    url: str
    member_id: str
    token: str
    rate: float
    seconds: float
    first: int
    path: str = "/events"
    form: Mapping[str, str] = field(default_factory=lambda: FORM)  # with PLACE where the number goes, once


@dataclass
class Outcome:
    """How many seconds each answered event took, by its number; how many were refused; the processor's seconds of the sender."""

    waits: dict[int, float] = field(default_factory=dict)
    refused: int = 0
    cpu: float = 0.0


class Sender:
    """Sends one volley."""

    def __init__(self, volley: Volley) -> None:
        self.volley, self.outcome = volley, Outcome()
        parts = urlsplit(volley.url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._head, self._tail = _request(parts.netloc, volley)
        self._poll = select.epoll()
        self._open: dict[int, socket.socket] = {}
        self._idle: deque[int] = deque()
        self._sent: dict[int, int] = {}  # a connection's number -> the event that is under way on it

    def run(self) -> Outcome:
        """Send everything and wait for the last answers."""
        began, total = time.monotonic(), int(self.volley.rate * self.volley.seconds)
        self._began, number = began, 0
        while number < total or (self._sent and time.monotonic() < began + total / self.volley.rate + LAST):
            due = min(int((time.monotonic() - began) * self.volley.rate), total)
            while number < due and (connection := self._find_idle()):
                self._send(connection, number)
                number += 1
            waits = 1.0 if number >= total or not self._is_room() else began + (number + 1) / self.volley.rate - time.monotonic()
            for found, event in self._poll.poll(max(waits, 0.0)):
                self._receive(found, event)
        for found in list(self._open):
            self._drop(found)
        self._poll.close()
        self.outcome.cpu = time.process_time()
        return self.outcome

    def _is_room(self) -> bool:
        return bool(self._idle) or len(self._open) < CONNECTIONS

    def _find_idle(self) -> socket.socket | None:
        if self._idle:
            return self._open[self._idle.popleft()]
        if len(self._open) >= CONNECTIONS:
            return None
        made = socket.socket()
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if made.connect_ex(self._address):  # this machine: it is there at once or nobody listens
            made.close()
            time.sleep(0.01)
            return None
        made.setblocking(False)
        self._open[made.fileno()] = made
        self._poll.register(made.fileno(), select.EPOLLIN)
        return made

    def _send(self, connection: socket.socket, number: int) -> None:
        self._sent[connection.fileno()] = number
        try:
            connection.send(self._head + b"%0*d" % (DIGITS, self.volley.first + number) + self._tail)
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.ECONNRESET):
                raise
            self._drop(connection.fileno())  # it died while it was idle; this event is lost, as one of Bitrix24's would be

    def _receive(self, found: int, event: int) -> None:
        try:
            answer = self._open[found].recv(4096) if event & select.EPOLLIN else b""
        except OSError:
            answer = b""
        if found in self._sent and answer.startswith(ANSWERED) and answer.endswith(END):
            number = self._sent.pop(found)
            self.outcome.waits[self.volley.first + number] = time.monotonic() - self._began - number / self.volley.rate
            self._idle.append(found)
            return
        self.outcome.refused += bool(answer)
        self._drop(found)

    def _drop(self, found: int) -> None:
        self._sent.pop(found, None)
        if found in self._idle:
            self._idle.remove(found)
        self._poll.unregister(found)
        self._open.pop(found).close()


def send_from_outside(volley: Volley) -> Outcome:
    """Send it from a process of its own."""
    spawned = multiprocessing.get_context("spawn")
    answers: Queue[Outcome] = spawned.Queue()
    process = spawned.Process(target=_be_the_sender, args=(answers, volley))
    process.start()
    outcome = answers.get()
    process.join()
    return outcome


def _be_the_sender(answers: Queue[Outcome], volley: Volley) -> None:
    answers.put(Sender(volley).run())


def _request(netloc: str, volley: Volley) -> tuple[bytes, bytes]:
    """Return what stands before and behind the record's number."""
    body = urlencode({**volley.form, "auth[member_id]": volley.member_id, "auth[application_token]": volley.token}).encode()
    head = f"POST {volley.path} HTTP/1.1\r\nHost: {netloc}\r\nUser-Agent: Bitrix24 Webhook Engine\r\nAccept: */*\r\n"
    head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    before, _, behind = body.partition(PLACE.encode())
    return head.encode() + before, behind
