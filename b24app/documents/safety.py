"""What a Word template may not be: no .docx, a zip bomb, with macros or embedded programs, or reaching outside. Runs nothing in it.

Bytes in; raises Mistaken with a sentence for the person who chose the file.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

from b24app.errors import Mistaken

LARGEST = 5 * 2**20  # bytes of the file
LARGEST_INSIDE = 60 * 2**20  # bytes of all that is packed in it
MOST_PARTS = 1000
LARGEST_RATIO = 200
PIECE = 2**16

CONTENT_TYPES, MAIN = "[Content_Types].xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_PROGRAMS = re.compile(
    r"vbaproject|vbadata|activex|oleobject|(^|/)embeddings/|macrosheets|\.(bin|exe|dll|js|vbs|jar|bat|cmd|ps1|scr)$", re.I
)
_RUNS = re.compile(r"\b(DDEAUTO|DDE|INCLUDETEXT|INCLUDEPICTURE|IMPORT|LINK|MACROBUTTON|AUTOTEXT|EMBED|HYPERLINK)\b", re.I)
_INSTRUCTION = re.compile(rb"<w:instrText[^>]*>(.*?)</w:instrText>|w:instr=\"([^\"]*)\"", re.S)
_OUTSIDE = re.compile(rb"TargetMode\s*=\s*[\"']External[\"']", re.I)
_TARGET = re.compile(rb"Target\s*=\s*[\"']([^\"']*)[\"']", re.I)

NOT_WORD = Mistaken(
    "This is not a Word file (.docx). Save it in Word as .docx.", "Это не файл Word (.docx). Сохраните его в Word как .docx."
)
TOO_BIG = Mistaken("The file is larger than 5 MB.", "Файл больше 5 МБ.")
BOMB = Mistaken(
    "The file unpacks to more than a template can be; it was not opened.",
    "Файл распаковывается в больший объём, чем бывает у шаблона; он не открыт.",
)
PROGRAM = Mistaken(
    "The file has macros or embedded programs. Save a copy without them as .docx.",
    "В файле есть макросы или вложенные программы. Сохраните копию без них как .docx.",
)
FIELD = Mistaken(
    "The file has a Word field that fetches something from outside. Replace it by plain text.",
    "В файле есть поле Word, которое обращается наружу. Замените его обычным текстом.",
)


def check_docx(content: bytes, name: str = "template.docx") -> None:
    """Raise Mistaken unless the file is a plain .docx that keeps to itself."""
    if len(content) > LARGEST:
        raise TOO_BIG
    if not name.lower().endswith(".docx") or not content.startswith(b"PK\x03\x04"):
        raise NOT_WORD
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            _check_size(packed)
            for part, text in _parts(packed):
                _check_part(part, text)
            _check_kind(packed)
    except (zipfile.BadZipFile, KeyError, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise NOT_WORD from error


def _check_size(packed: zipfile.ZipFile) -> None:
    """Believe nothing that the archive says of itself but what is already too much."""
    entries = packed.infolist()
    declared = sum(entry.file_size for entry in entries)
    taken = sum(entry.compress_size for entry in entries) or 1
    if len(entries) > MOST_PARTS or declared > LARGEST_INSIDE or (declared > PIECE and declared / taken > LARGEST_RATIO):
        raise BOMB


def _parts(packed: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    """Yield every part unpacked, as long as all of them together stay within bounds."""
    left = LARGEST_INSIDE
    for entry in packed.infolist():
        if ".." in entry.filename.split("/") or entry.filename.startswith("/"):
            raise NOT_WORD
        with packed.open(entry) as file:
            text = file.read(left + 1)
        left -= len(text)
        if left < 0:
            raise BOMB
        yield entry.filename, text


def _check_part(part: str, text: bytes) -> None:
    if _PROGRAMS.search(part):
        raise PROGRAM
    if not part.endswith((".xml", ".rels")):
        return
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise NOT_WORD
    if part.endswith(".rels") and (found := next((line for line in re.findall(rb"<[^>]+>", text) if _OUTSIDE.search(line)), None)):
        target = _TARGET.search(found)
        raise _leads_outside(target[1].decode("utf-8", "replace")[:80] if target else "")
    instructions = "".join((one or other).decode("utf-8", "replace") for one, other in _INSTRUCTION.findall(text))
    if _RUNS.search(re.sub(r"<[^>]+>", "", instructions)) or b"<w:altChunk" in text or b"<w:subDoc" in text:
        raise FIELD


def _check_kind(packed: zipfile.ZipFile) -> None:
    """Tell a document from what only carries its name: a document with macros, a template, a table."""
    kinds = packed.read(CONTENT_TYPES).decode("utf-8", "replace")
    if "macroEnabled" in kinds or "vbaProject" in kinds:
        raise PROGRAM
    if MAIN not in kinds or "word/document.xml" not in packed.namelist():
        raise NOT_WORD


def _leads_outside(target: str) -> Mistaken:
    return Mistaken(
        f"The file has a link to the outside ({target}). Remove the link; its text may stay.",
        f"В файле есть внешняя ссылка ({target}). Уберите ссылку, текст может остаться.",
    )
