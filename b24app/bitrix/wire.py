"""fast-bitrix24 made safe through its public seams, inside one event loop.

The library's pipeline does the sending: session, JSON, how many requests at a time. As it stands it loses error bodies,
books a request only after its answer, sums `operating`, shares one count of failures and renews a refused token for ever;
so it is given a session that reads bodies, a throttle that reserves on entry, and our own token and repeats.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import aiohttp
from fast_bitrix24 import BitrixAsync

from b24app.bitrix.limits import BULK_MARGIN
from b24app.bitrix.payloads import Answer, BatchAnswer, build_command, read_answer, read_batch
from b24app.errors import BitrixBusy, BitrixError, BitrixLost

if TYPE_CHECKING:
    from b24app.bitrix.budget import Budget
    from b24app.bitrix.client import Tokens

Command = tuple[str, Mapping[str, Any]]

TRIES = 6
FIRST_DELAY = 0.7  # seconds, doubled with every try
MOST_PATIENCE = 45.0  # seconds that one request waits; longer is BitrixBusy, for the job to be put off
TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=75)


class Wire:
    """Sends batches of reads. Lives in one event loop."""

    def __init__(self, fast: BitrixAsync, session: aiohttp.ClientSession, tokens: Tokens, budget: Budget) -> None:
        self._fast, self._session, self._tokens, self._budget = fast, session, tokens, budget
        self._renewing = asyncio.Lock()

    @classmethod
    async def open(cls, url: str, tokens: Tokens, budget: Budget, origins: frozenset[str]) -> Wire:
        """Open the session and put our parts into the library."""
        bodies = _Bodies(origins)
        session = aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar(), trust_env=True, middlewares=(bodies,))
        # Its log has every record it reads; what is worth a line we say ourselves.
        logging.getLogger("fast_bitrix24").propagate = False
        fast = BitrixAsync(f"{url}/rest/", verbose=False, respect_velocity_policy=False, client=session)
        fast.srh.leaky_bucket_throttler = _Reserving(budget)
        fast.srh.method_throttlers = defaultdict(_Unsummed)
        bodies.moved_to = lambda address: setattr(fast.srh, "webhook", address)
        return cls(fast, session, tokens, budget)

    async def batch(self, commands: Mapping[str, Command]) -> BatchAnswer:
        """Send up to 50 reads in one request and repeat it on passing trouble. Every command has its answer or its error."""
        methods = {key: method for key, (method, _) in commands.items()}
        cmd = {key: build_command(method, params) for key, (method, params) in commands.items()}
        batch = read_batch(methods, await self._repeat(cmd, set(methods.values())))
        for key, part in batch.answers.items():
            self._budget.note(methods[key], part.time)
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
        token = self._fast.srh.token = await asyncio.to_thread(self._tokens.access)
        try:
            return await self._once(cmd, methods)
        except BitrixError as error:
            if error.code.lower() != "expired_token":
                raise
        async with self._renewing:
            self._fast.srh.token = await asyncio.to_thread(self._tokens.renew, token)
        return await self._once(cmd, methods)

    async def _once(self, cmd: Mapping[str, str], methods: set[str]) -> Answer:
        self._budget.check(methods)
        try:
            envelope = await self._fast.call("batch", {"halt": 0, "cmd": dict(cmd)}, raw=True)
        except BitrixBusy as error:
            raise self._budget.busy(error) from error
        return Answer(envelope["result"], time=envelope.get("time") or {})


class _Bodies:
    """A middleware of the session: reads the body before the status and raises our errors in place of aiohttp's."""

    def __init__(self, origins: frozenset[str]) -> None:
        self._origins = origins
        self.moved_to: Any = None

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
        read_answer("batch", response.status, body)
        return response

    def _moved(self, address: str, location: str) -> BitrixError:
        """A renamed portal: never follow a POST, it would become a GET; repeat it at an address that is allowed."""
        target = urlsplit(urljoin(address, location))
        origin = f"{target.scheme}://{target.netloc}".lower()
        if origin not in self._origins:
            return BitrixError("batch", "foreign_redirect", "the portal sends us to an address that is not allowed")
        self.moved_to(f"{origin}/rest/")
        return BitrixBusy("batch", "moved", "the portal has a new address", retry_after=0.0)


class _Reserving:
    """In place of the library's bucket: books the request before it is sent, in the portal's one budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[None]:
        wait = self._budget.reserve(BULK_MARGIN)
        if wait > MOST_PATIENCE:
            raise BitrixBusy("batch", "QUERY_LIMIT_EXCEEDED", "our own budget is used up", 0, wait)
        await asyncio.sleep(wait)
        yield

    def add_request_record(self) -> None:
        """It was booked on entry."""


class _Unsummed:
    """In place of the library's per-method record, which sums a number that is cumulative already."""

    def add_request_record(self, request_duration: float) -> None:
        """The budget notes it, see Wire.batch."""
