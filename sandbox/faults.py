"""Faults on demand: what the portal shall do wrong, to which calls, to which posts. Decides and counts; neither answers nor posts.

FAULTS says how each kind looks to a caller. The portal raises refusals, the server's edge spoils answers (edge.py), the outbox asks
for the fate of a post. Chance comes from one seeded stream: the same seed and the same order of questions give the same faults.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from sandbox.rest import RestError

SEED = 1
OVERTAKEN = (0.2, 1.0)  # seconds that a post waits so that later ones overtake it
PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def _cut(body: bytes) -> bytes | None:
    return body[: max(len(body) // 2, 1)]


def _page(_body: bytes) -> bytes | None:
    return PAGE.encode()


def _nothing(_body: bytes) -> bytes | None:
    return None


def _whole(body: bytes) -> bytes | None:
    return body


@dataclass(frozen=True)
class Fault:
    """A kind of fault. A refusal is raised in place of the method; else the answer's body is spoilt, None closes the connection.

    `runs` tells whether the method does its work before its answer is spoilt.
    """

    kind: str
    text: str
    refusal: tuple[int, str, str] | None = None
    spoil: Callable[[bytes], bytes | None] = _whole
    runs: bool = True
    status: int | None = None
    mimetype: str = "application/json"


FAULTS = (
    Fault("503", "too many requests", (503, "QUERY_LIMIT_EXCEEDED", "Too many requests")),
    Fault("429", "the method's working time is spent", (429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit")),
    Fault("500", "the portal fails", (500, "INTERNAL_SERVER_ERROR", "Internal server error")),
    Fault("401", "the token has expired", (401, "expired_token", "The access token provided has expired")),
    Fault("revoked", "the refresh token is dead", (400, "invalid_grant", "Invalid grant")),
    Fault("unpaid", "no tokens until somebody pays", (403, "PAYMENT_REQUIRED", "Payment required")),
    Fault("no numbers", "a numerator gives no number", (400, "0", "Error getting next number")),
    Fault(
        "no documents", "the tariff allows no more documents", (400, "DOCGEN_LIMIT_ERROR", "Maximum count of documents has been reached")
    ),
    Fault("truncated", "half of the JSON, after the work is done", spoil=_cut),
    Fault("html", "a page of a proxy in place of JSON, nothing done", spoil=_page, runs=False, status=502, mimetype="text/html"),
    Fault("dropped", "the connection is closed, nothing done", spoil=_nothing, runs=False),
    Fault("unanswered", "the connection is closed after the work is done", spoil=_nothing),
    Fault("delay", "the answer comes after `seconds`"),
)
BY_KIND = {fault.kind: fault for fault in FAULTS}
# What may happen to a post, by its group in an order; a robot's call is never lost, or its deal would stand still for an hour.
POSTS = {"event": ("lost", "duplicated", "reordered", "delayed"), "robot": ("duplicated", "reordered", "delayed")}


@dataclass
class Order:
    """Faults to play: the next `count` calls (None: all), or a `share` of them; only of a method, only of a client id or webhook."""

    kind: str
    count: int | None = 1
    method: str = ""
    client: str = ""
    share: float = 1.0
    seconds: float = 0.0
    played: int = 0

    def meets(self, account: str, method: str, is_aside: bool) -> bool:
        """Tell whether a call is meant; what `is_aside` (commands of a batch, the tokens' address) only when it is named."""
        is_open = self.count is None or self.played < self.count
        is_mine = self.client in ("", account) and (self.method.lower() == method.lower() if self.method else not is_aside)
        return is_open and is_mine


@dataclass(frozen=True)
class Fate:
    """What becomes of a post: how often it is sent, and after how many seconds."""

    copies: int = 1
    wait: float = 0.0


class OrderSchema(Schema):
    """One order as JSON."""

    kind = fields.String(required=True, validate=validate.OneOf(tuple(BY_KIND)))
    count = fields.Integer(load_default=1, allow_none=True, validate=validate.Range(min=1))
    method = fields.String(load_default="")
    client = fields.String(load_default="")
    share = fields.Float(load_default=1.0, validate=validate.Range(0, 1))
    seconds = fields.Float(load_default=0.0, validate=validate.Range(0, 600))


def _shares(group: str) -> type[Schema]:
    names = {name: fields.Float(load_default=0.0, validate=validate.Range(0, 1)) for name in POSTS[group]}
    return Schema.from_dict({**names, "seconds": fields.Float(load_default=1.0, validate=validate.Range(0, 600))}, name=f"{group}Shares")


class FaultsSchema(Schema):
    """A file of faults, or the body of POST /sandbox/faults."""

    seed = fields.Integer(load_default=None)
    calls = fields.List(fields.Nested(OrderSchema), load_default=list)
    event = fields.Nested(_shares("event"), load_default=None)
    robot = fields.Nested(_shares("robot"), load_default=None)


def read_file(path: Path) -> dict[str, Any]:
    """Return a file's content; raise OSError or ValueError when it cannot be read or is not faults."""
    return read_faults(json.loads(path.read_text(encoding="utf-8")))


def read_faults(asked: Any) -> dict[str, Any]:
    """Return checked faults; raise ValueError that names what is wrong. One order alone may stand without `calls`."""
    if isinstance(asked, Mapping) and "kind" in asked:
        asked = {"calls": [asked]}
    try:
        loaded: dict[str, Any] = FaultsSchema().load(asked)
    except ValidationError as error:
        raise ValueError(f"faults: {error.messages}") from error
    return loaded


@dataclass
class Faults:
    """What is ordered at this moment; safe for threads."""

    orders: list[Order] = field(default_factory=list)
    shares: dict[str, dict[str, float]] = field(default_factory=dict)
    happened: dict[str, int] = field(default_factory=dict)
    _chance: random.Random = field(default_factory=lambda: random.Random(SEED))  # nosec B311
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, asked: Mapping[str, Any]) -> None:
        """Take more orders, and other shares for the groups that are named; `asked` comes from `read_faults`."""
        with self._lock:
            if asked["seed"] is not None:
                self._chance = random.Random(asked["seed"])  # nosec B311
            self.orders += [Order(**order) for order in asked["calls"]]
            self.shares |= {group: asked[group] for group in POSTS if asked[group] is not None}

    def clear(self) -> None:
        """Do everything right again."""
        with self._lock:
            self.orders, self.shares, self.happened = [], {}, {}

    def tell(self) -> dict[str, Any]:
        """Return what is ordered and what was played, ready for JSON."""
        with self._lock:
            kinds = {fault.kind: fault.text for fault in FAULTS}
            return {"calls": [asdict(order) for order in self.orders], **self.shares, "happened": dict(self.happened), "kinds": kinds}

    def refuse(self, account: str, method: str, is_aside: bool) -> None:
        """Raise RestError when a refusal is ordered for this call."""
        order = self._take(account, method, is_aside, is_refusal=True)
        refusal = BY_KIND[order.kind].refusal if order else None
        if refusal is not None:
            raise RestError(*refusal)

    def of_answer(self, account: str, method: str, is_aside: bool) -> tuple[Fault, float] | None:
        """Return how this answer is to be spoilt, and the seconds to wait before; None for an ordinary one."""
        order = self._take(account, method, is_aside, is_refusal=False)
        return (BY_KIND[order.kind], order.seconds) if order else None

    def _take(self, account: str, method: str, is_aside: bool, is_refusal: bool) -> Order | None:
        with self._lock:
            for order in self.orders:
                is_right = (BY_KIND[order.kind].refusal is not None) == is_refusal
                if is_right and order.meets(account, method, is_aside) and self._chance.random() < order.share:
                    order.played += 1
                    self._note(order.kind)
                    return order
        return None

    def of_post(self, group: str) -> Fate:
        """Return the fate of one post of a group."""
        with self._lock:
            shares = self.shares.get(group)
            if not shares:
                return Fate()
            drawn = {name for name in POSTS[group] if self._chance.random() < shares[name]}
            for name in drawn:
                self._note(f"{group} {name}")
            copies = 0 if "lost" in drawn else 1 + ("duplicated" in drawn)
            wait = self._chance.uniform(*OVERTAKEN) if "reordered" in drawn else 0.0
            return Fate(copies, wait + (shares["seconds"] if "delayed" in drawn else 0.0))

    def _note(self, name: str) -> None:
        self.happened[name] = self.happened.get(name, 0) + 1
