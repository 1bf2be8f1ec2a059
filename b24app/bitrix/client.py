"""Single calls, every write and small dictionaries, over one `requests` session a process; by a token or a webhook.

Waits for the portal's budget, reads the body before the status, renews the token only after `expired_token`, follows a
renamed portal only to an allowed address, repeats reads and never a write. Mass reads are in bulk.py.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

from b24app.bitrix.budget import FULL, Budget
from b24app.bitrix.chains import Extent, Query
from b24app.bitrix.limits import INTERACTIVE, Lane
from b24app.bitrix.meter import Meter
from b24app.bitrix.payloads import Answer, BatchAnswer, build_command, read_answer, read_batch
from b24app.errors import BitrixBusy, BitrixError, BitrixLost

if TYPE_CHECKING:
    from b24app.bitrix.bulk import Bulk

TIMEOUT = (10.0, 75.0)  # seconds to connect, to answer; a portal may think for 60
TRIES = 4  # of a read
REFUSALS = 30  # of a full bucket that a call bears for which somebody waits: the portal takes two requests a second
JITTER = (0.02, 0.2)  # seconds, so that those who were refused together do not come back together
FIRST_DELAY = 0.7  # seconds, doubled with every try
MOST_PATIENCE = 20.0  # seconds that one call waits; longer is BitrixBusy for whoever can put work off
BULK_PATIENCE = 60.0  # the same for a mass read
BATCH_SIZE = 50
ROOT = "rest"
ADDRESS_PATIENCE = 60.0  # seconds until a portal is asked again that has moved where our settings do not allow it
RENEWED_BY = frozenset({"expired_token"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})

READS = frozenset({"get", "list", "fields", "types", "current", "info", "scope", "profile", "events", "time", "getfields"})
NOT_READS = frozenset({"event.offline.get"})  # takes what it returns out of the queue

Command = tuple[str, Mapping[str, Any]]


class Tokens(Protocol):
    """Whose token a client uses: see portals.tokens."""

    def access(self) -> str:
        """Return an access token, however old."""

    def renew(self, stale: str) -> str:
        """Return one that is newer than `stale`."""


def make_session() -> requests.Session:
    """Return the process's one session: connections are kept, cookies never."""
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_connections=16, pool_maxsize=64))
    return session


def is_read(method: str) -> bool:
    """Tell whether a call may be repeated without harm."""
    return method.lower() not in NOT_READS and method.lower().rsplit(".", 1)[-1] in READS


@dataclass(frozen=True)
class Client:
    """One portal's REST API with one person's token. Safe for threads. `origins`: where a renamed portal may be.

    `root` is the path under which the methods are: for a webhook it holds the secret, and there is no token.
    """

    url: str
    tokens: Tokens
    budget: Budget
    session: requests.Session
    origins: Collection[str] = ()
    bulk: Bulk | None = None
    sleep: Callable[[float], None] = time.sleep
    lane: Lane = INTERACTIVE
    root: str = field(default=ROOT, repr=False)
    moved: Callable[[str], None] | None = None  # told the portal's new address
    connector: str = ""  # carried by every write: offline events of this source are not queued for us
    meter: Meter = field(default_factory=Meter, repr=False)

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Answer:
        """Call one method. Raises BitrixBusy, BitrixGone, BitrixLost (a write whose answer was lost) or BitrixError."""
        for error in self.budget.find_resting({method}, self.lane).values():
            raise error
        answer = self._repeat(method, self._signed(method, params or {}), is_read(method))
        self.budget.note([(method, answer.time)])
        return answer

    def batch(self, commands: Mapping[str, Command], halt: bool = False) -> BatchAnswer:
        """Send up to 50 commands in one request; they may refer to one another by `$result[key]`.

        Every command has its own answer or its own error: look into `errors`. Those whose method has to rest are not sent.
        """
        if not 0 < len(commands) <= BATCH_SIZE:
            raise ValueError(f"a batch holds 1 to {BATCH_SIZE} commands, not {len(commands)}")
        methods = {key: method for key, (method, _) in commands.items()}
        cmd = {key: build_command(method, self._signed(method, params)) for key, (method, params) in commands.items()}
        resting = self._find_resting(methods, cmd, halt)
        awake = {key: method for key, method in methods.items() if key not in resting}
        is_reading = all(is_read(method) for method in awake.values())
        body = {"halt": int(halt), "cmd": {key: cmd[key] for key in awake}}
        answer = self._repeat("batch", self._signed(next((one for one in awake.values() if _is_ours(one)), ""), body), is_reading)
        batch = read_batch(awake, answer)
        self.budget.note([(methods[key], part.time) for key, part in batch.answers.items()])
        for key, error in batch.errors.items():
            batch.errors[key] = self.budget.busy(error) if isinstance(error, BitrixBusy) else error
        return BatchAnswer(batch.answers, {**batch.errors, **resting}, batch.time)

    def pages(self, method: str, params: Mapping[str, Any] | None = None, key: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield the records of a small dictionary, page after page by `next`. `key` names the list inside the result."""
        start: int | None = 0
        while start is not None:
            answer = self.call(method, {**(params or {}), "start": start})
            result = answer.result.get(key, []) if key and isinstance(answer.result, Mapping) else answer.result
            yield from result.values() if isinstance(result, Mapping) else result or ()
            start = answer.next if answer.next and answer.next > start else None

    def stream(self, query: Query, after: int = 0, known: Extent | None = None) -> Iterator[list[dict[str, Any]]]:
        """Read a long list behind an id, as far as is `known`, else to the newest id of now: see Bulk.read."""
        if self.bulk is None:
            raise ValueError("this client has no bulk reader: make it with Door.client")
        return self.bulk.read(query, after, known, self.meter)

    def _signed(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Let a change of CRM data say that it is ours. events/offline-events.md"""
        return {**params, "auth_connector": self.connector} if self.connector and _is_ours(method) else params

    def _find_resting(self, methods: Mapping[str, str], cmd: Mapping[str, str], halt: bool) -> dict[str, BitrixError]:
        """Return the commands that must rest. Raises BitrixBusy when nothing is left to send, or what is left refers to others."""
        found = self.budget.find_resting(set(methods.values()), self.lane)
        resting: dict[str, BitrixError] = {key: found[method] for key, method in methods.items() if method in found}
        if found and (halt or len(resting) == len(methods) or any("$result[" in command for command in cmd.values())):
            raise max(found.values(), key=lambda error: error.retry_after)
        return resting

    def _repeat(self, method: str, params: Mapping[str, Any], repeatable: bool) -> Answer:
        """Try a read several times with growing delays; a write once more only when nothing was done.

        A full bucket is another matter: nothing was done, and who waits for a person tries again as soon as it has drained.
        """
        tries = refusals = 0
        while True:
            try:
                return self._with_fresh_token(method, params)
            except (BitrixBusy, BitrixLost) as error:
                if self.lane is INTERACTIVE and error.code.upper() == FULL and error.status and refusals < REFUSALS:
                    refusals += 1
                    self.sleep(random.uniform(*JITTER))  # noqa: S311 - the budget knows that the bucket is full and waits the rest  # nosec B311
                    continue
                delay = self._delay_after(error, tries)
                tries += 1
                if tries == TRIES or delay > MOST_PATIENCE:
                    raise
                if not repeatable and not _was_not_done(error):
                    raise _lost(error) from error
                self.sleep(delay)

    def _delay_after(self, error: BitrixError, attempt: int) -> float:
        delay = FIRST_DELAY * 2**attempt
        return max(delay, error.retry_after) if isinstance(error, BitrixBusy) else delay

    def _with_fresh_token(self, method: str, params: Mapping[str, Any]) -> Answer:
        token = self.tokens.access()
        try:
            return self._send(method, params, token)
        except BitrixError as error:
            if error.code.lower() not in RENEWED_BY:
                raise
        return self._send(method, params, self.tokens.renew(token))

    def _send(self, method: str, params: Mapping[str, Any], token: str) -> Answer:
        self._wait_for_turn(method)
        response = self._post(method, {**params, "auth": token} if token else params)
        try:
            return read_answer(method, response.status_code, response.content)
        except BitrixBusy as error:
            raise self.budget.busy(error) from error

    def _wait_for_turn(self, method: str) -> None:
        """Book the request and wait. Raises BitrixBusy when that would take too long."""
        if self.lane is INTERACTIVE:
            wait = self.budget.reserve(MOST_PATIENCE)
            if wait > MOST_PATIENCE:
                raise BitrixBusy(method, FULL, "our own budget is used up", 0, wait)
            if wait:
                self.sleep(wait)
            return
        waited = 0.0
        while wait := self.budget.ask(self.lane):
            waited += wait
            if waited > BULK_PATIENCE:
                raise BitrixBusy(method, FULL, "others use the budget up", 0, wait)
            self.sleep(wait)

    def _post(self, method: str, body: Mapping[str, Any]) -> requests.Response:
        address = f"{self.url}/{self.root}/{method}"
        response = self._post_to(method, address, body)
        if response.status_code in REDIRECTS:
            origin = origin_of(urljoin(address, response.headers.get("Location", "")))
            if origin not in (*self.origins, self.url):
                raise foreign_redirect(method, response.status_code)
            response = self._post_to(method, f"{origin}/{self.root}/{method}", body)
            if self.moved and response.status_code not in REDIRECTS:
                self.moved(origin)
        return response

    def _post_to(self, method: str, address: str, body: Mapping[str, Any]) -> requests.Response:
        self.meter.count()
        try:
            return self.session.post(address, json=body, timeout=TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            if _never_left(error):
                raise BitrixBusy(method, "unreachable", type(error).__name__) from error
            raise BitrixLost(method, "no_answer", type(error).__name__) from error


def foreign_redirect(method: str, status: int = 302) -> BitrixBusy:
    """Return what to raise when a portal has moved: it is let in again when its new address is in the settings."""
    return BitrixBusy(method, "foreign_redirect", "the portal sends us to an address that is not allowed", status, ADDRESS_PATIENCE)


def _is_ours(method: str) -> bool:
    """Tell whether a method changes CRM data."""
    return method.lower().startswith("crm.") and not is_read(method)


def origin_of(address: str) -> str:
    """Return scheme://host[:port] in lower case."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _never_left(error: requests.RequestException) -> bool:
    """Tell whether no connection was made, so that nothing can have been done."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)


def _was_not_done(error: BitrixError) -> bool:
    """Tell whether the portal refused before it began."""
    return isinstance(error, BitrixBusy) and error.status in (0, 429, 503)


def _lost(error: BitrixError) -> BitrixLost:
    """A write that failed half-way may have been done."""
    if isinstance(error, BitrixLost):
        return error
    return BitrixLost(error.method, error.code, error.text, error.status)
