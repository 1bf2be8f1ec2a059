"""Every robot's declaration is legal for Bitrix24. Rules: api-reference/bizproc/bizproc-robot/bizproc-robot-add.md."""

from __future__ import annotations

import re
from typing import Any

import pytest

from b24app.errors import Mistaken
from robots import BY_CODE, ROBOTS
from robots.robot import Robot

TYPES = {"bool", "date", "datetime", "double", "file", "int", "select", "string", "text", "user"}
KEYS = {"Name", "Description", "Type", "Options", "Required", "Multiple", "Default"}


@pytest.fixture(params=ROBOTS, ids=lambda robot: robot.code)
def robot(request: pytest.FixtureRequest) -> Robot:
    """Each robot in turn."""
    found: Robot = request.param
    return found


@pytest.fixture
def payload(robot: Robot) -> dict[str, Any]:
    """What is sent to bizproc.robot.add."""
    return robot.payload(f"https://app.example/robots/{robot.code}", 1)


def test_codes_are_unique_and_legal(payload: dict[str, Any]) -> None:
    """Letters, digits, dot, hyphen, underscore; our address carries the code as it is."""
    assert re.fullmatch(r"[a-zA-Z0-9.\-_]+", payload["CODE"])
    assert len(BY_CODE) == len(ROBOTS)


def test_robot_speaks_both_languages(robot: Robot, payload: dict[str, Any]) -> None:
    """Name, description and every property are there in Russian and in English."""
    properties = [*payload["PROPERTIES"].values(), *payload["RETURN_PROPERTIES"].values()]
    texts = [payload["NAME"], payload["DESCRIPTION"], *(declared["Name"] for declared in properties)]

    assert all(set(text) == {"ru", "en"} and all(text.values()) and text["ru"] != text["en"] for text in texts)


def test_properties_are_legal(payload: dict[str, Any]) -> None:
    """Codes begin with a letter; only known keys, known types, Y and N."""
    for code, declared in [*payload["PROPERTIES"].items(), *payload["RETURN_PROPERTIES"].items()]:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", code)
        assert set(declared) <= KEYS
        assert declared["Type"] in TYPES
        assert {declared["Required"], declared["Multiple"]} <= {"Y", "N"}


def test_waiting_is_said_explicitly(payload: dict[str, Any]) -> None:
    """Left out, a workflow would wait for an answer without anybody having decided so."""
    assert payload["USE_SUBSCRIPTION"] == "Y"
    assert "error" in payload["RETURN_PROPERTIES"]


def test_robot_is_shown_in_deals_only(payload: dict[str, Any]) -> None:
    """Our robots read deals."""
    assert payload["DOCUMENT_TYPE"] == ["crm", "CCrmDocumentDeal", "DEAL"]
    assert payload["FILTER"] == {"INCLUDE": [["crm", "CCrmDocumentDeal"]]}
    assert (payload["HANDLER"].endswith(payload["CODE"]), payload["AUTH_USER_ID"]) == (True, 1)


def test_empty_properties_mean_the_defaults(robot: Robot) -> None:
    """A person may clear a field; a portal leaves `properties` out when it likes."""
    defaults = {prop.code: prop.default for prop in robot.properties}

    assert robot.read_properties({}) == defaults
    assert robot.read_properties(dict.fromkeys(defaults, "  ")) == defaults


@pytest.mark.parametrize("rubbish", ["две недели", "0", "366", "1.5", "-1", "1" * 400, ["14"], {"a": "b"}, "{=Document:ID}"])
def test_rubbish_becomes_a_sentence(robot: Robot, rubbish: Any) -> None:
    """What people type is named in the sentence, with what would be right."""
    for prop in robot.properties:
        with pytest.raises(Mistaken) as caught:
            robot.read_properties({prop.code: rubbish})

        sentence = caught.value.sentence("ru")
        assert sentence.startswith(f"«{prop.name['ru']}»: нужно целое число от {prop.smallest} до {prop.largest}, а не «")
        assert len(sentence) < 200


def test_typed_number_is_read(robot: Robot) -> None:
    """Everything comes as text."""
    for prop in robot.properties:
        assert robot.read_properties({prop.code: " 30 ", "unknown": "1"})[prop.code] == 30
