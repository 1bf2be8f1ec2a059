"""How many refusals an address has had lately. Whoever proves himself is never counted, so a portal's mass change never is.

Decides only; the clock is an argument. A leaking bucket of seconds an address: what is kept of each is the moment when it is empty again.
"""

from __future__ import annotations

import ipaddress
import threading

MOST = 300  # refusals in a row
RATE = 5.0  # that are forgotten in a second
DEPTH = MOST / RATE  # seconds
MOST_ADDRESSES = 10_000


class Refusals:
    """Safe for threads. Times are in seconds of one clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._empty_at: dict[str, float] = {}

    def wait(self, address: str, now: float) -> float:
        """Return the seconds after which one more refusal of this address is within bounds, 0 when it is now."""
        return max(self._empty_at.get(network_of(address), 0.0) - now - DEPTH, 0.0)

    def add(self, address: str, now: float, weight: float = 1.0) -> float:
        """Count a refusal; return the same as `wait` did before it. One that is out of bounds is not counted."""
        network = network_of(address)
        with self._lock:
            empty_at = max(self._empty_at.get(network, 0.0), now)
            if empty_at - now > DEPTH:
                return empty_at - now - DEPTH
            self._empty_at[network] = empty_at + weight / RATE
            if len(self._empty_at) > MOST_ADDRESSES:
                self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        """Forget who has nothing to his account; when that is nobody, the half with the least."""
        self._empty_at = {network: at for network, at in self._empty_at.items() if at > now}
        if len(self._empty_at) > MOST_ADDRESSES:
            worst = sorted(self._empty_at.items(), key=lambda pair: -pair[1])
            self._empty_at = dict(worst[: MOST_ADDRESSES // 2])


def network_of(address: str) -> str:
    """Return whom an address belongs to: itself, or its /64 for IPv6, of which everybody has plenty."""
    if ":" not in address:
        return address
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network(f"{found}/64", strict=False))
