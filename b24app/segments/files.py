"""Files of lists: text, CSV and XLSX, in and out. Formulas are neutralised on the way out; files that are too large are refused."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from b24app.errors import Mistaken

LARGEST = 5 * 2**20  # bytes of a file
LARGEST_UNPACKED = 60 * 2**20  # an XLSX is a ZIP: it may say little and hold much
MOST_LINES = 20_000
MOST_TEXT = 3 * 2**20  # characters: the lines travel to the worker as one message
DELIMITERS = ";\t,"
# What a spreadsheet takes for a formula (OWASP, CSV Injection); a phone is a number, not one.
FORMULA = re.compile(r"^\s*[=+\-@\t\r|%]")
PLAIN_NUMBER = re.compile(r"\+?[\d\s().-]+")


def read_file(name: str, body: bytes) -> list[list[str]]:
    """Return the rows of a file by its content, whatever it is called. Raises Mistaken."""
    if len(body) > LARGEST:
        raise Mistaken("The file is larger than 5 MB.", "Файл больше 5 МБ.")
    if body.startswith(b"PK"):
        return _limited(_read_sheet(body))
    if b"\0" in body[:4096] and not body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Mistaken(f"“{name}” is neither text, CSV nor XLSX.", f"«{name}» — не текст, не CSV и не XLSX.")
    return _limited(read_text(_decode(body)))


def read_text(text: str) -> Iterator[list[str]]:
    """Yield the rows of a text: separated by semicolons, tabs or commas, whichever its first lines have."""
    sample = text[:4000]
    counts = {delimiter: sample.count(delimiter) for delimiter in DELIMITERS}
    delimiter = next((one for one in DELIMITERS if counts[one]), ";")
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise Mistaken("The file cannot be read as CSV.", "Файл не читается как CSV.") from error


def write_text(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield lines in the portal's own form: e-mail; phone."""
    for email, phone in rows:
        yield f"{harmless(_flat(email))};{harmless(_flat(phone))}\r\n"


def write_csv(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield lines of CSV that a spreadsheet opens as it is: with a byte order mark, semicolons, and no formulas."""
    yield "\ufeff"
    for row in rows:
        line = io.StringIO()
        csv.writer(line, delimiter=";").writerow([harmless(cell) for cell in row])
        yield line.getvalue()


def write_xlsx(rows: Iterable[Sequence[Any]]) -> bytes:
    """Return a workbook of one sheet; text is written as text, so nothing in it is a formula."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Clients")
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value)
            if isinstance(value, str):
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def harmless(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula."""
    if not isinstance(cell, str) or not FORMULA.match(cell) or PLAIN_NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


def _flat(text: str) -> str:
    return re.sub(r"[;\r\n]+", " ", text)


def _limited(rows: Iterable[list[str]]) -> list[list[str]]:
    found: list[list[str]] = []
    size = 0
    for row in rows:
        found.append([cell[:300] for cell in row[:30]])
        size += sum(map(len, found[-1]))
        if len(found) > MOST_LINES or size > MOST_TEXT:
            raise Mistaken(
                f"There is too much in it (over {MOST_LINES} lines): split the file.",
                f"Слишком много (больше {MOST_LINES} строк): разделите файл.",
            )
    return found


def _decode(body: bytes) -> str:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", errors="replace")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1251", errors="replace")  # what a Russian spreadsheet saves as CSV


def _read_sheet(body: bytes) -> Iterator[list[str]]:
    """Yield the rows of the first sheet: values, not formulas."""
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            if sum(part.file_size for part in archive.infolist()) > LARGEST_UNPACKED:
                raise Mistaken("The workbook unpacks to more than 60 MB.", "Книга в распакованном виде больше 60 МБ.")
        book = load_workbook(io.BytesIO(body), read_only=True, data_only=True)
        try:
            sheet = book.worksheets[0]
            for row in sheet.iter_rows(max_row=MOST_LINES + 2, max_col=30, values_only=True):
                cells = [_cell(value) for value in row]
                yield cells[: max((place + 1 for place, cell in enumerate(cells) if cell), default=0)]
        finally:
            book.close()
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError, OSError, TypeError, AttributeError, SyntaxError) as error:
        raise Mistaken(
            "The workbook cannot be read: save it as XLSX or CSV.", "Книга не читается: сохраните её как XLSX или CSV."
        ) from error


def _cell(value: Any) -> str:
    """Return a cell as text; a phone that became a number has no point zero."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
