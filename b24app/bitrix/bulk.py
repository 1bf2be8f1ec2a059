"""Mass reads over fast-bitrix24: keyset chains in batches, streamed in id order with flat memory.

What a chain is stands in chains.py, how the library is tamed in wire.py. Never writes to a portal, never keeps what it read.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from b24app.bitrix.chains import Chunk, Density, Extent, Query, chain, extent, read_chunk, read_extent
from b24app.bitrix.meter import METER, Meter
from b24app.bitrix.wire import Place, Wire
from b24app.errors import BitrixLost

if TYPE_CHECKING:
    from b24app.bitrix.budget import Budget
    from b24app.bitrix.client import Tokens

T = TypeVar("T")

AT_A_TIME = 3  # requests under way: the bucket decides the rate, this hides the latency


@dataclass(frozen=True)
class _Running:
    """The event loop, its thread, and what sends in it."""

    loop: asyncio.AbstractEventLoop
    thread: threading.Thread
    wire: Wire


class Bulk:
    """Reads long lists of one portal. Safe for threads; makes a thread at the first read and ends it with `close`."""

    def __init__(self, place: Place, tokens: Tokens, budget: Budget) -> None:
        self._place, self._tokens, self._budget = place, tokens, budget
        self._lock = threading.Lock()
        self._running: _Running | None = None

    def stream(
        self, method: str, params: Mapping[str, Any] | None = None, key: str | None = "items", after: int = 0, upto: int | None = None
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield what `read` does. `key` names the list inside the result (None: the result is the list, and ids are called ID)."""
        return self.read(Query(method, dict(params or {}), key), after, None if upto is None else Extent(upto))

    def read(self, query: Query, after: int = 0, known: Extent | None = None, meter: Meter | None = None) -> Iterator[list[dict[str, Any]]]:
        """Yield lists of up to 2,500 records with `after` < id, ascending, as far as is `known`, else to the newest id of now.

        Whatever was yielded is complete up to its last id: after BitrixBusy or BitrixLost begin again with that id as `after`.
        """
        known = known or _await(self._submit(partial(self._extent, query), meter))
        top, density = known.newest, Density.of(known)
        pending: deque[tuple[int, Future[Chunk]]] = deque()
        low = after
        try:
            while low < top or pending:
                while low < top and len(pending) < (AT_A_TIME if density.known else 1):
                    high = min(top, low + density.width())
                    pending.append((high, self._submit(partial(self._read, query, low, high, density.pages(high - low)), meter)))
                    low = high
                high, future = pending.popleft()
                chunk = _await(future)
                density.learn(chunk)
                if not chunk.done and chunk.error is None:
                    rest = partial(self._read, query, chunk.last, high, density.pages(high - chunk.last))
                    pending.appendleft((high, self._submit(rest, meter)))
                if chunk.records:
                    yield chunk.records
                if chunk.error is not None:
                    raise chunk.error
        finally:
            for _, future in pending:
                future.cancel()

    def close(self) -> None:
        """End the thread and its connections; a reading that is under way gets BitrixLost."""
        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            asyncio.run_coroutine_threadsafe(running.wire.close(), running.loop).result()
            running.loop.call_soon_threadsafe(running.loop.stop)
            running.thread.join()
            running.loop.close()

    async def _extent(self, query: Query) -> Extent:
        batch = await self._wire().batch({"newest": extent(query)})
        batch.raise_for_errors()
        return read_extent(query, batch.answers["newest"])

    async def _read(self, query: Query, low: int, high: int, pages: int) -> Chunk:
        return read_chunk(query, low, high, await self._wire().batch(chain(query, low, high, pages)))

    def _wire(self) -> Wire:
        running = self._running
        if running is None:
            raise BitrixLost("batch", "closed", "the reader was closed")
        return running.wire

    def _submit(self, work: Callable[[], Coroutine[Any, Any, T]], meter: Meter | None) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(_metered(work, meter), self._start().loop)

    def _start(self) -> _Running:
        with self._lock:
            if self._running is None:
                loop = asyncio.new_event_loop()
                thread = threading.Thread(target=loop.run_forever, name="bulk", daemon=True)
                thread.start()
                opening = Wire.open(self._place, self._tokens, self._budget)
                self._running = _Running(loop, thread, asyncio.run_coroutine_threadsafe(opening, loop).result())
            return self._running


async def _metered(work: Callable[[], Coroutine[Any, Any, T]], meter: Meter | None) -> T:
    """Do it, as a task of its own, with its requests counted."""
    METER.set(meter)
    return await work()


def _await(future: Future[T]) -> T:
    """Return what the loop's thread has found. Raises BitrixLost when the reader was closed meanwhile."""
    try:
        return future.result()
    except CancelledError as error:
        raise BitrixLost("batch", "closed", "the reader was closed") from error
