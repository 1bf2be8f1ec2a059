"""Lines of lists, files in and out: phones however people write them, headers, formulas, files that are none."""

from __future__ import annotations

import io

import pytest
from openpyxl import Workbook, load_workbook

from b24app.errors import Mistaken
from b24app.segments.files import harmless, read_file, read_text, write_csv, write_text, write_xlsx
from b24app.segments.lines import normal_email, normal_phone, read_rows


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("+7 916 123-45-67", "79161234567"),
        ("8 (916) 123-45-67", "79161234567"),
        ("89161234567", "79161234567"),
        ("9161234567", "79161234567"),
        ("'+79161234567", "79161234567"),
        ("+375 29 123-45-67", "375291234567"),
        ("00375291234567", "375291234567"),
        ("8 (495) 123-45-67 доб. 12", "74951234567"),
        ("+1 212 555 0100 x5", "12125550100"),
        ("123-45", None),
        ("", None),
        ("+12345678901234567", None),
    ],
)
def test_phone_is_one_number_however_it_is_written(text: str, digits: str | None) -> None:
    """Eight and seven are one country; an extension is not the number."""
    assert normal_phone(text) == digits


def test_email_has_no_case_and_no_brackets() -> None:
    """What is no address is nothing."""
    found = [normal_email(one) for one in (" Anna@Example.RU ", "<a@b.ru>", "a@b", "@b.ru", "a b@c.ru")]
    assert found == ["anna@example.ru", "a@b.ru", None, None, None]


def test_lines_in_the_portals_form() -> None:
    """Address and phone in either order, one of them, several, or nothing to find somebody by."""
    lines = read_rows(read_text("a@b.ru;+79161234567\n89161234567\n\nx@y.ru;\nИванов\n+7 916 123-45-67, +7 916 765-43-21"))

    assert [(line.number, line.emails, line.phones) for line in lines] == [
        (1, ("a@b.ru",), ("79161234567",)),
        (2, (), ("79161234567",)),
        (4, ("x@y.ru",), ()),
        (5, (), ()),
        (6, (), ("79161234567", "79167654321")),
    ]
    assert [line.is_valid for line in lines] == [True, True, True, False, True]


def test_headers_say_which_columns_count() -> None:
    """An order's number in another column is no phone."""
    lines = read_rows(read_text("Заказ,Телефон,Почта\n1234567890,89161234567,a@b.ru"))

    assert [(line.phones, line.emails) for line in lines] == [(("79161234567",), ("a@b.ru",))]


def test_workbook_is_read_as_values() -> None:
    """A phone that became a number has no point zero; the first sheet counts."""
    book = Workbook()
    for row in (["E-mail", "Phone"], ["a@b.ru", 79161234567], [None, 79167654321.0]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)

    assert read_file("book.xlsx", out.getvalue()) == [["E-mail", "Phone"], ["a@b.ru", "79161234567"], ["", "79167654321"]]


@pytest.mark.parametrize("body", [b"PK\x03\x04nonsense", b"\x00\x01\x02\x00binary", b"a@b.ru\n" * 20_001, b"a" * (5 * 2**20 + 1)])
def test_file_that_cannot_be_taken_is_a_sentence(body: bytes) -> None:
    """Broken, of another kind, or too large."""
    with pytest.raises(Mistaken):
        read_file("file", body)


def test_encodings_of_spreadsheets_are_read() -> None:
    """UTF-8 with its mark, the Russian code page, UTF-16."""
    for body in ("почта\n".encode("utf-8-sig"), "почта\n".encode("cp1251"), "почта\n".encode("utf-16")):
        assert read_file("x.csv", body) == [["почта"]]


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1"])
def test_formula_is_neutralised(cell: str) -> None:
    """In CSV by an apostrophe; a phone and a number stay what they are."""
    assert harmless(cell) == f"'{cell}"
    assert [harmless(one) for one in ("+7 (916) 123-45-67", "-5", 5, None, "Анна")] == ["+7 (916) 123-45-67", "-5", 5, None, "Анна"]


def test_workbook_holds_text_as_text() -> None:
    """Nothing in it is a formula, and no control character breaks it."""
    book = load_workbook(io.BytesIO(write_xlsx([["=1+1", "a\x00b", 5, None]])))
    [cells] = list(book.worksheets[0].iter_rows())

    assert [(cell.value, cell.data_type) for cell in cells[:3]] == [("=1+1", "s"), ("ab", "s"), (5, "n")]


def test_export_comes_back_as_it_went() -> None:
    """The portal's form and CSV are read again as the same contacts."""
    contacts = [("a@b.ru", "+7 916 123-45-67"), ("", "8 916 765-43-21"), ("x@y.ru", "")]
    text = "".join(write_text(contacts))
    table = "".join(write_csv([["Почта", "Телефон"], *contacts]))
    lines = [(line.emails, line.phones) for line in read_rows(read_file("a.txt", text.encode()))]

    assert lines == [(("a@b.ru",), ("79161234567",)), ((), ("79167654321",)), (("x@y.ru",), ())]
    assert [(line.emails, line.phones) for line in read_rows(read_file("a.csv", table.encode()))] == lines
