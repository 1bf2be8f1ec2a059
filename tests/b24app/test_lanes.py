"""Turns: so many at once, so many of one portal, suspects one after another."""

from __future__ import annotations

import threading
from collections.abc import Callable

from b24app.lanes import Lanes


def count_most(lanes: Lanes, turns: list[tuple[str, bool]], group: Callable[[str, bool], object]) -> dict[object, int]:
    """Take all these turns in threads; return how many of each group were at work at the same time at most."""
    lock, now, most = threading.Lock(), dict[object, int](), dict[object, int]()
    reached = threading.Barrier(len(turns))

    def take(member_id: str, is_suspect: bool) -> None:
        reached.wait(120)
        with lanes.turn(member_id, is_suspect):
            key = group(member_id, is_suspect)
            with lock:
                now[key] = now.get(key, 0) + 1
                most[key] = max(most.get(key, 0), now[key])
            threading.Event().wait(0.02)
            with lock:
                now[key] -= 1

    threads = [threading.Thread(target=take, args=turn) for turn in turns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return most


def test_portal_has_its_share() -> None:
    """No more of one portal than its lane is wide."""
    assert count_most(Lanes(8, 2), [("m1", False)] * 6 + [("m2", False)] * 6, lambda member, _: member) == {"m1": 2, "m2": 2}


def test_threads_are_shared() -> None:
    """No more of all portals than there are threads."""
    assert count_most(Lanes(3, 2), [(f"m{n}", False) for n in range(9)], lambda *_: "all") == {"all": 3}


def test_suspects_go_alone() -> None:
    """Of those that may kill the worker one is tried at a time, whatever its portal."""
    assert count_most(Lanes(8, 4), [(f"m{n}", True) for n in range(5)], lambda _, is_suspect: is_suspect) == {True: 1}
