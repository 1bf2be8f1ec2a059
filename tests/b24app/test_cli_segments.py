"""The commands about segments: what they print, for people and as JSON, and what they order."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from b24app.segments.definitions import refresh_moment
from tests.pages.conftest import shop

__all__ = ("shop",)


def run(shop: Any, *words: str) -> Any:
    """Run `flask segment ...`."""
    return shop.app.test_cli_runner().invoke(args=["segment", *words])


def test_list_shows_every_segment_with_its_size(shop: Any) -> None:
    """A line a segment, or one JSON value."""
    assert "       2  won" in run(shop, "list").output.splitlines()
    found = json.loads(run(shop, "list", "--json").output)
    assert {one["key"]: one["count"] for one in found} == {"won": 2, "bought_once_180": 1, "membership_7": 0}


def test_show_says_the_rule_and_the_members(shop: Any) -> None:
    """Who is in and why; who was in on a day; a segment or a day that is none is one line and a failure."""
    text = run(shop, "show", "won").output
    assert "Has a won deal" in text
    assert "CO_1" in text
    assert "2 won deals." in text
    assert json.loads(run(shop, "show", "won", "--json", "--limit", "1").output)["total"] == 2
    assert json.loads(run(shop, "show", "won", "--json", "--on", "2020-01-01").output)["members"] == []
    for wrong in (("show", "nothing"), ("show", "won", "--on", "yesterday")):
        result = run(shop, *wrong)
        assert result.exit_code == 1
        assert result.output.startswith("Error: ")


def test_refresh_is_ordered_from_the_worker(shop: Any) -> None:
    """The command writes no mirror: the worker, whose alone it is, sees the order."""
    before = refresh_moment(shop.ctx)
    assert run(shop, "refresh").output == "ordered\n"
    assert refresh_moment(shop.ctx) != before


def test_explain_says_why_and_what_would_end_it(shop: Any) -> None:
    """Answer, sentence, ending, then every condition; as JSON with the day."""
    text = run(shop, "explain", "won", "CO_1").output
    assert text.startswith("yes: 2 won deals. Leaves with a won deal taken back.")
    assert "  yes      Has a won deal" in text
    told = json.loads(run(shop, "explain", "bought_once_180", "C_2", "--json").output)
    assert told["rules"][0]["answer"] == "yes"
    assert run(shop, "explain", "won", "C_99").exit_code == 1


@pytest.mark.parametrize("form", ["csv", "txt", "xlsx"])
def test_export_writes_a_file(shop: Any, tmp_path: Path, form: str) -> None:
    """The members, with the facts that were chosen, in each of the three forms."""
    shop.communication("company", 1, "EMAIL", "info@example.ru")
    shop.count()
    path = tmp_path / f"won.{form}"

    assert run(shop, "export", "won", "--format", form, "--facts", "purchases", "--output", str(path)).exit_code == 0

    body = path.read_bytes()
    if form == "txt":
        assert body == b"info@example.ru;\r\n"
    elif form == "csv":
        assert body.decode("utf-8-sig").splitlines()[1].split(";")[:2] == ["CO_1", "ООО Ромашка"]
    else:
        book = openpyxl.load_workbook(io.BytesIO(body))
        assert [cell.value for cell in next(book.worksheets[0].iter_rows())][-1] == "Purchases"
        book.close()


def test_export_goes_to_the_standard_output(shop: Any) -> None:
    """Nothing but the file."""
    assert run(shop, "export", "won").output.startswith("\ufeffClient;Name;")
