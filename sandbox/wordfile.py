"""Placeholders in a .docx: which there are, and the same file with their values.

Owns the WordprocessingML side of the document generator. Knows no portal, reads no database, opens no file:
bytes in, bytes out.
"""

from __future__ import annotations

import copy
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from docx import Document
from docx.oxml.ns import qn
from docx.oxml.parser import OxmlElement

# {DocumentNumber}, {TotalSum~WZ=Y}: what follows "~" is a format modifier of the value.
PLACEHOLDER = re.compile(r"\{([A-Za-z][A-Za-z0-9_.]*)(?:~[^{}]*)?\}")

P, T, TR = qn("w:p"), qn("w:t"), qn("w:tr")

# A value may itself hold braces: they wait as private characters until all placeholders are done.
GUARD = str.maketrans("{}", "\ue000\ue001")
UNGUARD = str.maketrans("\ue000\ue001", "{}")

Values = Mapping[str, str]
# A group of repeated rows: the codes that belong to it and one dict of values a row.
Group = tuple[frozenset[str], Sequence[Values]]


class NotWord(ValueError):
    """The bytes are no .docx."""


def read_codes(content: bytes) -> list[str]:
    """Return the placeholders of a template, each once, in the order of the text."""
    seen: dict[str, None] = {}
    for root in _roots(_open(content)):
        for paragraph in root.iter(P):
            seen.update(dict.fromkeys(PLACEHOLDER.findall(_text(paragraph))))
    return list(seen)


def fill(content: bytes, values: Values, groups: Sequence[Group] = ()) -> bytes:
    """Return the file with every placeholder replaced; one without a value leaves nothing behind.

    A table row (or a paragraph outside tables) that has a placeholder of a group is repeated for every row of it.
    """
    document, guarded = _open(content), _guarded(values)
    for root in _roots(document):
        for codes, rows in groups:
            _repeat(root, codes, [_guarded(row) for row in rows])
        for paragraph in list(root.iter(P)):
            _replace(paragraph, guarded)
        for node in root.iter(T):
            node.text = (node.text or "").translate(UNGUARD)
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def _guarded(values: Values) -> dict[str, str]:
    return {code: value.translate(GUARD) for code, value in values.items()}


def _open(content: bytes) -> Any:
    try:
        return Document(io.BytesIO(content))
    except (ValueError, KeyError, zipfile.BadZipFile, OSError) as error:
        raise NotWord(str(error)) from error


def _roots(document: Any) -> Iterator[Any]:
    """Yield the XML of the body, of headers and of footers."""
    yield document.element
    for part in document.part.package.iter_parts():
        element = getattr(part, "element", None)
        if element is not None and element.tag in (qn("w:hdr"), qn("w:ftr")):
            yield element


def _texts(paragraph: Any) -> list[Any]:
    """Return the text nodes of this paragraph alone: a text box inside it has paragraphs of its own."""
    return [node for node in paragraph.iter(T) if next(node.iterancestors(P)) is paragraph]


def _text(paragraph: Any) -> str:
    return "".join(node.text or "" for node in _texts(paragraph))


def _replace(paragraph: Any, values: Values) -> None:
    """Replace from the last placeholder to the first, so that the places found stay true.

    Word cuts one placeholder over several runs whenever it likes: the value goes to the run where it begins.
    """
    nodes = _texts(paragraph)
    for found in reversed(list(PLACEHOLDER.finditer("".join(node.text or "" for node in nodes)))):
        _put(nodes, found.start(), found.end(), values.get(found.group(1), ""))
    for node in nodes:
        node.set(qn("xml:space"), "preserve")
        _break_lines(node)


def _put(nodes: Sequence[Any], start: int, end: int, value: str) -> None:
    offset = 0
    for node in nodes:
        text = node.text or ""
        left, right = max(start - offset, 0), min(end - offset, len(text))
        if left < right:
            node.text = text[:left] + value + text[right:]
            value = ""
        offset += len(text)


def _break_lines(node: Any) -> None:
    """Turn the line feeds of a value into Word's own breaks."""
    lines = (node.text or "").split("\n")
    node.text = lines[0]
    after = node
    for line in lines[1:]:
        rest = OxmlElement("w:t")
        rest.text = line
        rest.set(qn("xml:space"), "preserve")
        line_break = OxmlElement("w:br")
        after.addnext(line_break)
        line_break.addnext(rest)
        after = rest


def _repeat(root: Any, codes: frozenset[str], rows: Sequence[Values]) -> None:
    """Repeat the innermost table row (or the paragraph) that names one of the codes."""
    places: dict[Any, None] = {}
    for paragraph in root.iter(P):
        if codes & set(PLACEHOLDER.findall(_text(paragraph))):
            places[next(paragraph.iterancestors(TR), paragraph)] = None
    for place in places:
        for row in rows:
            twin = copy.deepcopy(place)
            place.addprevious(twin)
            for paragraph in list(twin.iter(P)):
                _replace_known(paragraph, codes, row)
        if _may_go(place):
            place.getparent().remove(place)
        else:
            for paragraph in list(place.iter(P)):
                _replace_known(paragraph, codes, {})


def _may_go(place: Any) -> bool:
    """Tell whether the pattern may be removed: a table needs a row and a cell needs a paragraph."""
    return any(sibling.tag == place.tag for sibling in place.getparent() if sibling is not place)


def _replace_known(paragraph: Any, codes: frozenset[str], row: Values) -> None:
    """Replace the codes of the group, and leave the others for the document's own values."""
    kept = {code: "{" + code + "}" for code in PLACEHOLDER.findall(_text(paragraph)) if code not in codes}
    if set(PLACEHOLDER.findall(_text(paragraph))) - set(kept):
        _replace(paragraph, {**kept, **row})
