"""Numbers, days and sums as people say them; that every criterion can be said."""

from __future__ import annotations

from datetime import UTC, date

import pytest

from b24app.segments.criteria import CRITERIA
from b24app.segments.dates import Day
from b24app.segments.known import Column, Known, column_name
from b24app.segments.operators import OPERATORS
from b24app.segments.sentences import SENTENCES, span_text
from b24app.segments.speech import ASKS
from b24app.segments.words import DAYS, Speech, column_text, date_text, days_text, fact_text, money_text, number_text, plural

GAP = "\N{NO-BREAK SPACE}"


def speech(lang: str = "ru") -> Speech:
    """Return words for 15 June 2025, UTC."""
    return Speech(lang, Day(date(2025, 6, 15), UTC), Known({}, {}))


@pytest.mark.parametrize(
    ("form", "numbers"),
    [("день", (1, 21, 101, 1001, -1)), ("дня", (2, 3, 4, 22, 1.5)), ("дней", (0, 5, 11, 12, 14, 20, 100, 111, 112, -13))],
)
def test_russian_nouns_agree_with_their_number(form: str, numbers: tuple[float, ...]) -> None:
    """One, few, many; eleven to fourteen are many."""
    assert {plural(number, DAYS["ru"], "ru") for number in numbers} == {form}


def test_days_are_said_as_people_do() -> None:
    """Near days have names, others are counted."""
    assert [days_text(n, "ru") for n in (0, 1, -1, 2, -21, 5)] == [
        "сегодня",
        "завтра",
        "вчера",
        "через 2 дня",
        "21 день назад",
        "через 5 дней",
    ]
    assert [days_text(n, "en") for n in (0, 1, -1, 2, -21)] == ["today", "tomorrow", "yesterday", "in 2 days", "21 days ago"]


def test_numbers_money_and_dates_have_the_form_of_their_language() -> None:
    """Thousands apart, kopecks only where there are any."""
    assert (number_text(1234567, "ru"), number_text(1234.5, "en")) == (f"1{GAP}234{GAP}567", "1,234.50")
    assert (money_text(12500.0, "RUB", "ru"), money_text(0.5, "XXX", "ru")) == (f"12{GAP}500{GAP}₽", f"0,50{GAP}XXX")
    assert (date_text(date(2024, 2, 29), "ru"), date_text(date(2024, 2, 29), "en")) == ("29.02.2024", "29 Feb 2024")


def test_facts_are_printed_by_their_kind() -> None:
    """Nothing known is a dash; an instant is the portal's day."""
    assert fact_text("money", None, speech()) == "—"
    assert fact_text("days", 3, speech()) == "3 дня"
    assert fact_text("count", 3, speech()) == "3"
    assert fact_text("instant", "2025-06-01T10:00:00Z", speech("en")) == "1 Jun 2025"


def test_field_values_are_printed_by_their_kind() -> None:
    """A list field shows its title, a flag yes or no, an id no gaps, an empty field that it is empty."""
    assert column_text(7, Column("uf_x", "choice", "INTEGER", choices={"7": "Согласен"}), speech()) == "Согласен"
    assert column_text(1, Column("opened", "flag", "INTEGER"), speech()) == "да"
    assert column_text(12345, Column("uf_x", "number", "INTEGER"), speech()) == "12345"
    assert column_text(None, Column("uf_x", "text"), speech("en")) == "not filled in"
    assert column_text("2025-06-14", Column("uf_x", "date"), speech()) == "14.06.2025, вчера"


def test_spans_are_said_as_people_do() -> None:
    """The coming days have their own words, other spans their dates."""
    assert span_text({"days": [0, 7]}, speech()) == "в ближайшие 7 дней"
    assert span_text({"days": [0, 1]}, speech()) == "в ближайший 1 день"
    assert span_text({"days_ago": [1, 30]}, speech()) == "от 1 до 30 дней назад"
    assert span_text({"days_ago": 180}, speech("en")) == "180 days ago"
    assert span_text("2025-01-01", speech("en")) == "1 Jan 2025"


def test_everything_that_can_be_asked_can_be_said() -> None:
    """Each criterion has its sentence, each operator its words in both languages."""
    assert [one.criterion for one in SENTENCES] == [criterion.key for criterion in CRITERIA]
    assert set(ASKS["ru"]) == set(ASKS["en"]) == {operator.sign for operator in OPERATORS}


def test_fields_are_known_by_the_portals_name_and_ours() -> None:
    """stageSemanticId and UF_CRM_X are columns of the mirror."""
    names = ("stageSemanticId", "stage_semantic_id", "UF_CRM_X_1", "opportunity", "Id; DROP")
    assert [column_name(name) for name in names] == ["stage_semantic_id", "stage_semantic_id", "uf_crm_x_1", "opportunity", "id; _d_r_o_p"]
