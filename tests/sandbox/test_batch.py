"""batch: references, halting, its limits, and PHP's empty arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Ask = Callable[..., Any]


def test_later_commands_use_earlier_results(ask: Ask) -> None:
    """$result[key][...] reaches into maps and lists, alone or inside text, in values and in encoded queries."""
    first = ask("crm.deal.add", fields={"TITLE": "А"})
    commands = {
        "one": f"crm.item.get?entityTypeId=2&id={first}",
        "two": "crm.deal.update?id=$result[one][item][id]&fields[TITLE]=Was%20$result[one][item][title]",
        "all": "crm.item.list?entityTypeId=2&filter[@id][]=%24result%5Bone%5D%5Bitem%5D%5Bid%5D&select[]=title",
        "user": "user.get?ID=$result[one][item][assignedById]",
        "none": "crm.deal.list?filter[ID]=$result[nobody][0][ID]",
    }

    made = ask("batch", cmd=commands)

    assert made["result_error"] == []
    assert made["result"]["two"] is True
    assert made["result"]["all"] == {"items": [{"title": "Was А"}]}
    assert made["result"]["user"][0]["ID"] == "1"
    assert made["result_total"] == {"all": 1, "user": 1, "none": 0}
    assert set(made["result_time"]["one"]) >= {"start", "finish", "duration", "processing", "date_start", "operating"}


def test_a_whole_reference_keeps_its_type(ask: Ask) -> None:
    """A list taken from an earlier result stays a list."""
    ids = [ask("crm.contact.add", fields={"NAME": name}) for name in "АБ"]
    deal = ask("crm.item.add", entityTypeId=2, fields={"contactIds": ids})["item"]["id"]
    commands = [
        f"crm.item.get?entityTypeId=2&id={deal}",
        "crm.item.list?entityTypeId=3&select[]=id&filter[@id]=$result[0][item][contactIds]",
    ]

    made = ask("batch", cmd=commands)

    assert [item["id"] for item in made["result"][1]["items"]] == ids


@pytest.mark.parametrize(("halt", "ran"), [(0, {"a", "c"}), (1, {"a"}), ("1", {"a"})])
def test_halt_stops_at_the_first_failure(ask: Ask, halt: Any, ran: set[str]) -> None:
    """With halt what follows a failure appears nowhere; without it everything runs."""
    made = ask("batch", halt=halt, cmd={"a": "server.time", "b": "no.such", "c": "server.time"})

    assert set(made["result"]) == ran
    assert made["result_error"] == {"b": {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"}}


def test_empty_maps_are_lists(ask: Ask) -> None:
    """Nothing done is five empty lists; commands without keys answer in lists."""
    parts = ("result", "result_error", "result_total", "result_next", "result_time")

    assert ask("batch", cmd={}) == {name: [] for name in parts}
    assert len(ask("batch", cmd=["server.time", "server.time"])["result"]) == 2


def test_limits_of_a_batch_are_errors_of_its_commands(ask: Ask) -> None:
    """The 51st command and a batch inside a batch fail by themselves."""
    made = ask("batch", cmd={f"k{n}": "server.time" for n in range(52)} | {"k0": "batch?cmd[a]=server.time"})

    codes = {key: error["error"] for key, error in made["result_error"].items()}
    assert codes == {
        "k0": "ERROR_BATCH_METHOD_NOT_ALLOWED",
        "k50": "ERROR_BATCH_LENGTH_EXCEEDED",
        "k51": "ERROR_BATCH_LENGTH_EXCEEDED",
    }


@pytest.mark.parametrize("cmd", [None, "x", 5, {"a": None, "b": {"x": 1}, "c": ""}])
def test_what_is_no_command_breaks_nothing(ask: Ask, cmd: Any) -> None:
    """Garbage is answered, never run."""
    made = ask("batch", cmd=cmd)

    assert made["result"] == []
