"""Every robot's declaration is legal for Bitrix24. Rules: api-reference/bizproc/bizproc-robot/bizproc-robot-add.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from b24app.errors import Mistaken
from robots import BY_CODE, ROBOTS
from robots.properties import Choice, Flag, Fraction, Line, Person, Property, Whole, read_texts
from robots.robot import Robot

TYPES = {"bool", "date", "datetime", "double", "file", "int", "select", "string", "text", "user"}
DOCUMENTS = {("crm", "CCrmDocumentDeal"), ("crm", "CCrmDocumentLead"), ("crm", r"Bitrix\Crm\Integration\BizProc\Document\Dynamic")}
BOTH = {"ru": "Поле", "en": "Field"}
KEYS = {"Name", "Description", "Type", "Options", "Required", "Multiple", "Default"}


@pytest.fixture(params=ROBOTS, ids=lambda robot: robot.code)
def robot(request: pytest.FixtureRequest) -> Robot:
    """Each robot in turn."""
    found: Robot = request.param
    return found


@pytest.fixture
def payload(robot: Robot) -> dict[str, Any]:
    """What is sent to bizproc.robot.add."""
    return robot.payload(f"https://app.example/robots/{robot.code}", 1, "ru")


def test_codes_are_unique_and_legal(payload: dict[str, Any]) -> None:
    """Letters, digits, dot, hyphen, underscore; our address carries the code as it is."""
    assert re.fullmatch(r"[a-zA-Z0-9.\-_]+", payload["CODE"])
    assert len(BY_CODE) == len(ROBOTS)


def test_robot_is_documented(robot: Robot) -> None:
    """Whoever sets up a stage finds what it returns."""
    assert f"`{robot.code}`" in (Path(__file__).resolve().parents[2] / "docs" / "robots.md").read_text(encoding="utf-8")


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


def test_robot_is_shown_where_it_works(robot: Robot, payload: dict[str, Any]) -> None:
    """Deals, leads, smart processes: what the filter lets in is what `run` takes; one type alone is named in full."""
    included = [tuple(one) for one in payload["FILTER"]["INCLUDE"]]
    assert included
    assert set(included) <= DOCUMENTS
    assert [robot.works_on(entity) for entity in ("deal", "lead", "dynamic_147", "contact")] == [
        ("crm", "CCrmDocumentDeal") in included,
        ("crm", "CCrmDocumentLead") in included,
        ("crm", r"Bitrix\Crm\Integration\BizProc\Document\Dynamic") in included,
        False,
    ]
    if "DOCUMENT_TYPE" in payload:
        assert tuple(payload["DOCUMENT_TYPE"][:2]) in included
    assert (payload["HANDLER"].endswith(payload["CODE"]), payload["AUTH_USER_ID"]) == (True, 1)


def test_settings_page_is_ours(robot: Robot, payload: dict[str, Any]) -> None:
    """A robot with a page names its address beside the handler's own; the others say that they have none."""
    expected = ("Y", f"{payload['HANDLER']}/settings") if robot.has_page else ("N", None)
    assert (payload["USE_PLACEMENT"], payload.get("PLACEMENT_HANDLER")) == expected


def test_lists_speak_the_portals_language(robot: Robot) -> None:
    """Bitrix24 takes one text an option; the default is one of them."""
    for lang in ("ru", "en"):
        declared = robot.payload("https://app.example/robots/x", 1, lang)["PROPERTIES"]
        for prop in robot.properties:
            if prop.options:
                assert declared[prop.code]["Options"] == {key: title[lang] for key, title in prop.options.items()}
                assert declared[prop.code]["Default"] in prop.options


def test_empty_properties_mean_the_defaults(robot: Robot) -> None:
    """A person may clear a field; a portal leaves `properties` out when it likes, and sends what we never declared."""
    defaults = robot.read_properties({})

    assert set(defaults) == {prop.code for prop in robot.properties}
    assert robot.read_properties({**dict.fromkeys(defaults, "  "), "unknown": "1"}) == defaults


COUNT = Whole("field", BOTH, default=14, smallest=1, largest=365)
SHARE = Fraction("field", BOTH, default=0, smallest=0, largest=100)
LIST = Choice("field", BOTH, choices={"any": {"ru": "Любой", "en": "Any"}, "own": {"ru": "Свой", "en": "Own"}})


@pytest.mark.parametrize("rubbish", ["две недели", "0", "366", "1.5", "-1", "1" * 400, ["14"], {"a": "b"}, "{=Document:ID}"])
def test_rubbish_becomes_a_sentence(rubbish: Any) -> None:
    """What people type is named in the sentence, with what would be right."""
    with pytest.raises(Mistaken) as caught:
        read_texts((COUNT,), {"field": rubbish})

    sentence = caught.value.sentence("ru")
    assert sentence.startswith("«Поле»: нужно целое число от 1 до 365, а не «")
    assert len(sentence) < 200


@pytest.mark.parametrize(
    ("prop", "text", "words"),
    [
        (SHARE, "дёшево", "нужно число от 0 до 100, а не «дёшево»"),
        (SHARE, "101", "нужно число от 0 до 100"),
        (SHARE, "nan", "нужно число от 0 до 100"),
        (LIST, "чужой", "нужно Любой, Свой, а не «чужой»"),
        (Line("field", BOTH), "я" * 1001, "нужно текст не длиннее 1000 символов"),
        (Flag("field", BOTH), "может быть", "нужно да или нет"),
        (Person("field", BOTH), "Иванов", "нужно один сотрудник"),
    ],
)
def test_every_kind_says_what_is_wrong(prop: Property, text: str, words: str) -> None:
    """One sentence in each language."""
    with pytest.raises(Mistaken) as caught:
        read_texts((prop,), {"field": text})

    assert words in caught.value.sentence("ru")
    assert "“Field”" in caught.value.sentence("en")


@pytest.mark.parametrize(
    ("prop", "text", "value"),
    [
        (COUNT, " 30 ", 30),
        (SHARE, "12,5", 12.5),
        (LIST, "OWN", "own"),
        (LIST, "свой", "own"),
        (Line("field", BOTH), " текст ", "текст"),
        (Flag("field", BOTH), "Y", True),
        (Flag("field", BOTH), "нет", False),
        (Person("field", BOTH), "user_5", 5),
        (Person("field", BOTH), ["user_7"], 7),
        (Person("field", BOTH), "7", 7),
    ],
)
def test_typed_text_is_read(prop: Property, text: Any, value: Any) -> None:
    """Everything comes as text."""
    assert read_texts((prop,), {"field": text}) == {"field": value}
