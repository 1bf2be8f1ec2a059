"""fast-bitrix24 made safe through its public seams, inside one event loop.

The library's pipeline does the sending: session, JSON, how many requests at a time. As it stands it loses error bodies,
books a request only after its answer, sums `operating`, shares one count of failures and renews a refused token for ever;
so it is given a session that reads bodies, a throttle that reserves on entry, and our own token and repeats.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import aiohttp
from fast_bitrix24 import BitrixAsync

from b24app.bitrix.budget import FULL
from b24app.bitrix.client import BULK_PATIENCE, ROOT, foreign_redirect, origin_of
from b24app.bitrix.limits import BULK
from b24app.bitrix.meter import count_request
from b24app.bitrix.payloads import Answer, BatchAnswer, build_command, read_answer, read_batch
from b24app.errors import BitrixBusy, BitrixError, BitrixLost

if TYPE_CHECKING:
    from b24app.bitrix.budget import Budget
    from b24app.bitrix.client import Tokens

Command = tuple[str, Mapping[str, Any]]

TRIES = 6
FIRST_DELAY = 0.7  # seconds, doubled with every try
MOST_PATIENCE = 45.0  # seconds between two tries; longer is BitrixBusy, for the job to be put off
TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=75)


@dataclass(frozen=True)
class Place:
    """Where a portal's methods are. `origins`: where it may have moved; `moved` is told when it has."""

    url: str
    root: str = field(default=ROOT, repr=False)  # a webhook's holds its secret
    origins: frozenset[str] = frozenset()
    moved: Callable[[str], None] | None = None


class Wire:
    """Sends batches of reads. Lives in one event loop."""

    def __init__(self, fast: BitrixAsync, session: aiohttp.ClientSession, tokens: Tokens, budget: Budget) -> None:
        self._fast, self._session, self._tokens, self._budget = fast, session, tokens, budget
        self._renewing = asyncio.Lock()

    @classmethod
    async def open(cls, place: Place, tokens: Tokens, budget: Budget) -> Wire:
        """Open the session and put our parts into the library."""
        bodies = _Bodies(place)
        session = aiohttp.ClientSession(
            timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar(), trust_env=True, middlewares=(bodies,), response_class=_Decoded
        )
        # Its log has every record it reads; what is worth a line we say ourselves.
        logging.getLogger("fast_bitrix24").propagate = False
        fast = BitrixAsync(f"{place.url}/{place.root}/", verbose=False, respect_velocity_policy=False, client=session)
        fast.srh.leaky_bucket_throttler = _Reserving(budget)
        fast.srh.method_throttlers = defaultdict(_Unsummed)
        bodies.send_to = lambda address: setattr(fast.srh, "webhook", address)
        return cls(fast, session, tokens, budget)

    async def batch(self, commands: Mapping[str, Command]) -> BatchAnswer:
        """Send up to 50 reads in one request and repeat it on passing trouble. Every command has its answer or its error."""
        methods = {key: method for key, (method, _) in commands.items()}
        cmd = {key: build_command(method, params) for key, (method, params) in commands.items()}
        batch = read_batch(methods, await self._repeat(cmd, set(methods.values())))
        self._budget.note([(methods[key], part.time) for key, part in batch.answers.items()])
        for key, error in batch.errors.items():
            batch.errors[key] = self._budget.busy(error) if isinstance(error, BitrixBusy) else error
        return batch

    async def close(self) -> None:
        """Cancel what is under way and let go of the connections."""
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._session.close()
        await asyncio.sleep(0)

    async def _repeat(self, cmd: Mapping[str, str], methods: set[str]) -> Answer:
        for attempt in range(TRIES):
            try:
                return await self._with_fresh_token(cmd, methods)
            except (BitrixBusy, BitrixLost) as error:
                delay = FIRST_DELAY * 2**attempt
                if isinstance(error, BitrixBusy):
                    delay = max(delay, error.retry_after)
                if attempt == TRIES - 1 or delay > MOST_PATIENCE:
                    raise
                await asyncio.sleep(delay)
        raise AssertionError("unreachable")

    async def _with_fresh_token(self, cmd: Mapping[str, str], methods: set[str]) -> Answer:
        token = self._fast.srh.token = await asyncio.to_thread(self._tokens.access)  # empty for a webhook: none is sent
        try:
            return await self._once(cmd, methods)
        except BitrixError as error:
            if error.code.lower() != "expired_token":
                raise
        async with self._renewing:
            self._fast.srh.token = await asyncio.to_thread(self._tokens.renew, token)
        return await self._once(cmd, methods)

    async def _once(self, cmd: Mapping[str, str], methods: set[str]) -> Answer:
        for resting in self._budget.find_resting(methods, BULK).values():
            raise resting
        count_request()
        try:
            envelope = await self._fast.call("batch", {"halt": 0, "cmd": dict(cmd)}, raw=True)
        except BitrixBusy as error:
            raise self._budget.busy(error) from error
        return Answer(envelope["result"], time=envelope.get("time") or {})


class _Bodies:
    """A middleware of the session: reads the body before the status and raises our errors in place of aiohttp's."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._going_to = ""
        self.send_to: Callable[[str], None] | None = None

    async def __call__(self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        try:
            response = await handler(request)
            body = await response.read()
        except aiohttp.ClientConnectorError as error:
            raise BitrixBusy("batch", "unreachable", type(error).__name__) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise BitrixLost("batch", "no_answer", type(error).__name__) from error
        if response.status in (301, 302, 303, 307, 308):
            raise self._moved(str(request.url), response.headers.get("Location", ""))
        if self._going_to:
            self._arrive()
        answer = read_answer("batch", response.status, body)
        if isinstance(response, _Decoded):
            response.envelope = {"result": answer.result, "time": answer.time}
        return response

    def _moved(self, address: str, location: str) -> BitrixError:
        """A renamed portal: never follow a POST, it would become a GET; repeat it at an address that is allowed."""
        origin = origin_of(urljoin(address, location))
        if origin not in self._place.origins:
            return foreign_redirect("batch")
        self._going_to = origin
        if self.send_to:
            self.send_to(f"{origin}/{self._place.root}/")
        return BitrixBusy("batch", "moved", "the portal has a new address", retry_after=0.0)

    def _arrive(self) -> None:
        """The new address answers: it is worth keeping."""
        origin, self._going_to = self._going_to, ""
        if self._place.moved:
            self._place.moved(origin)


class _Decoded(aiohttp.ClientResponse):
    """Hands on what was decoded when the body was looked at: megabytes are not decoded twice."""

    envelope: dict[str, Any]

    async def json(self, **_: Any) -> dict[str, Any]:
        """Return the envelope."""
        return self.envelope


class _Reserving:
    """In place of the library's bucket: books the request before it is sent, in the portal's one budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[None]:
        waited = 0.0
        while wait := self._budget.ask(BULK):
            waited += wait
            if waited > BULK_PATIENCE:
                raise BitrixBusy("batch", FULL, "others use the budget up", 0, wait)
            await asyncio.sleep(wait)
        yield

    def add_request_record(self) -> None:
        """It was booked on entry."""


class _Unsummed:
    """In place of the library's per-method record, which sums a number that is cumulative already."""

    def add_request_record(self, request_duration: float) -> None:
        """The budget notes it, see Wire.batch."""
