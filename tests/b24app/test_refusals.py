"""Bounds for those who are refused: many in a row, then a pace; nobody else pays for it."""

from __future__ import annotations

import pytest

from b24app.refusals import DEPTH, MOST, MOST_ADDRESSES, RATE, Refusals, network_of


def test_many_refusals_are_within_bounds_and_then_a_pace() -> None:
    """The wait is the time in which the bucket leaks enough."""
    refusals = Refusals()

    waits = [refusals.add("203.0.113.1", 100.0) for _ in range(MOST + 2)]

    assert waits[: MOST + 1] == [0.0] * (MOST + 1)
    assert 0 < waits[-1] <= 1 / RATE
    assert refusals.wait("203.0.113.1", 100.0) > 0
    assert refusals.add("203.0.113.1", 101.0) == 0.0
    assert refusals.wait("203.0.113.2", 100.0) == 0.0


def test_costly_refusals_weigh_more() -> None:
    """A tenth of them fills the bucket."""
    refusals = Refusals()

    for _ in range(MOST // 10 + 1):
        refusals.add("a", 0.0, 10.0)

    assert refusals.wait("a", 0.0) == pytest.approx(10 / RATE)
    assert refusals.wait("a", DEPTH) == 0.0


def test_addresses_are_forgotten() -> None:
    """However many there are, only so many are remembered: the worst ones longest."""
    refusals = Refusals()
    for _ in range(MOST + 1):
        refusals.add("worst", 0.0)

    for number in range(MOST_ADDRESSES * 2):
        refusals.add(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0.0)

    assert len(refusals._empty_at) <= MOST_ADDRESSES
    assert refusals.wait("worst", 0.0) > 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
        ("no:address", "no:address"),
    ],
)
def test_address_belongs_to_a_network(address: str, network: str) -> None:
    """Everybody has a /64 full of IPv6 addresses; an IPv4 address is one caller."""
    assert network_of(address) == network
