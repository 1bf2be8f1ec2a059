"""Everybody who reads the same four lists, each in a process of its own: `contenders.py NAME WEBHOOK LIMITS` prints one JSON object.

Peers do what their documentation shows, all fields, and keep nothing; ours writes a database meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.contest.watch import Watch

Found = dict[str, Any]
OLD = ("contact", "company", "lead", "deal")
TYPES = {"lead": 1, "deal": 2, "contact": 3, "company": 4}


def asked(family: str) -> list[tuple[str, str, Found]]:
    """Return (entity, method, params) of the four lists in one of the two families of methods."""
    if family == "item":
        return [(name, "crm.item.list", {"entityTypeId": TYPES[name], "select": ["*"]}) for name in OLD]
    return [(name, f"crm.{name}.list", {"select": ["*", "UF_*"]}) for name in OLD]


def fast(family: str) -> Callable[[str, str], Found]:
    """fast_bitrix24.get_all, list by list."""

    def run(webhook: str, limits: str) -> Found:
        return asyncio.run(_fast(webhook, limits, family))

    return run


async def _fast(webhook: str, limits: str, family: str) -> Found:
    import aiohttp
    from fast_bitrix24 import BitrixAsync

    requests = 0

    async def count(request: aiohttp.ClientRequest, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        nonlocal requests
        requests += 1
        return await handler(request)

    async with aiohttp.ClientSession(raise_for_status=True, middlewares=(count,)) as session:
        # respect_velocity_policy=False ends in a KeyError in 1.8.14; a pool that never fills is the same thing.
        pace = {"request_pool_size": 10**9, "requests_per_second": 1e6, "operating_time_limit": 10**9} if limits == "none" else {}
        reader = BitrixAsync(webhook, verbose=False, client=session, **pace)
        watch = Watch()
        counts = {name: len(await reader.get_all(method, params)) for name, method, params in asked(family)}
        return watch.read() | {"requests": requests, "counts": counts}


def sdk(family: str) -> Callable[[str, str], Found]:
    """b24pysdk's fast list: a lazy keyset chain without counting."""

    def run(webhook: str, _limits: str) -> Found:
        from b24pysdk import BitrixWebhook
        from requests.adapters import HTTPAdapter

        requests, send = 0, HTTPAdapter.send

        def count(adapter: HTTPAdapter, *args: Any, **options: Any) -> Any:
            nonlocal requests
            requests += 1
            return send(adapter, *args, **options)

        HTTPAdapter.send = count  # type: ignore[method-assign]
        domain, _, token = webhook.removeprefix("https://").partition("/rest/")
        hook = BitrixWebhook(domain=domain, webhook_token=token.strip("/"))
        watch = Watch()
        lists = {name: hook.call_list_fast(method, params)["result"] for name, method, params in asked(family)}
        counts = {name: sum(1 for _ in records) for name, records in lists.items()}
        return watch.read() | {"requests": requests, "counts": counts}

    return run


def ours(name: str) -> Callable[[str, str], Found]:
    """One of ours.py; imported late, so that a peer's memory is its own."""

    def run(webhook: str, limits: str) -> Found:
        from benchmarks.contest import ours

        return dict(getattr(ours, name)(webhook, limits))

    return run


OURS, WHOLE, SWEEP = "b24app", "b24app, everything", "b24app, sweep"
CONTENDERS: Mapping[str, Callable[[str, str], Found]] = {
    OURS: ours("sync_lists"),
    "fast_bitrix24 item.list": fast("item"),
    "fast_bitrix24 deal.list": fast("old"),
    "b24pysdk item.list": sdk("item"),
    "b24pysdk deal.list": sdk("old"),
    WHOLE: ours("sync_everything"),
    SWEEP: ours("sweep_changes"),
}
PEERS = tuple(name for name in CONTENDERS if not name.startswith("b24app"))


def peak_megabytes() -> float:
    """Return the highest resident memory of this process."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Run one contender."""
    name, webhook, limits = sys.argv[1:]
    found = CONTENDERS[name](webhook, limits)
    print(json.dumps(found | {"memory": peak_megabytes()}))


if __name__ == "__main__":
    main()
