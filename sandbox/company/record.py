"""What all parts of the demo company share: the shape of a record and named random streams. Holds no data."""

from __future__ import annotations

from random import Random
from typing import Any

Record = dict[str, Any]
MASK = (1 << 64) - 1


def open_stream(seed: int, name: str) -> Random:
    """A random stream of its own for every part, so that reading one part never changes another."""
    return Random(f"{seed}/{name}")  # nosec B311


def scatter(seed: int, number: int) -> int:
    """A number of 64 well mixed bits, always the same for these two (the splitmix64 finaliser): chance without a stream."""
    mixed = (seed * 0x9E3779B97F4A7C15 + number * 0xD1342543DE82EF95 + 0x2545F4914F6CDD1D) & MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
    return mixed ^ (mixed >> 31)
