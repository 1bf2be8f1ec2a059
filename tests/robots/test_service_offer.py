"""The robot of offers: what its form asks for reaches the document; a preview spends no number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from b24app.context import Context
from b24app.errors import Mistaken
from robots.robot import Call
from robots.service_offer import ServiceOffer
from tests.fake_generator import ADD, DEAL_ID, FakeGenerator, offer_context, service_deal

ROBOT = ServiceOffer()


@pytest.fixture
def portal() -> FakeGenerator:
    """A portal with one service deal."""
    return service_deal()


@pytest.fixture
def ctx(tmp_path: Path, portal: FakeGenerator) -> Iterator[Context]:
    """A context with the templates installed."""
    with offer_context(tmp_path, portal) as context:
        yield context


def call(**texts: str) -> Call:
    """Return a call as a workflow makes it: every property is text."""
    return Call("k1", DEAL_ID, ROBOT.read_properties(texts))


def test_form_reaches_the_document(ctx: Context, portal: FakeGenerator) -> None:
    """Template, package, discount, validity, link and todo."""
    portal.rows = []
    asked = call(
        template="reactivation_offer", fill="package", package="ТО-1; 2; 500; 20", discount="10", valid_days="3", public_link="Y", todo="Y"
    )

    result = ROBOT.run(ctx, asked)

    assert (result.values["sum"], result.values["number"], result.values["valid_until"]) == (900.0, "КП-1", "2025-11-24")
    assert portal.documents[0]["templateId"] == "41"
    assert portal.documents[0]["values"]["ProductsProductName"] == ["ТО-1"]
    assert (portal.count("crm.documentgenerator.document.enablepublicurl"), len(portal.todos)) == (1, 1)
    assert "Клиент раньше не покупал" in result.message["ru"]


def test_preview_makes_nothing(ctx: Context, portal: FakeGenerator) -> None:
    """The sum and what is missing; of a deal without products and sum what stops it."""
    assert ROBOT.preview(ctx, call()).values["sum"] == 99600.0
    portal.rows = []
    stopped = ROBOT.preview(ctx, call())

    assert stopped.has_failed
    assert "Предлагать нечего" in stopped.message["ru"]
    assert portal.count(ADD) == 0


def test_package_that_cannot_be_read_is_said(ctx: Context) -> None:
    """The sentence names the line."""
    with pytest.raises(Mistaken, match="Line 1"):
        ROBOT.run(ctx, call(package="ТО-1"))
