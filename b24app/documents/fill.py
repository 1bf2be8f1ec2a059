"""Fills a .docx of ours here, when the portal's generator will not: codes in braces become text, rows of lists are repeated.

Fields only: a value is put into a text node, so nothing in it can become markup, a field or code. Bytes in, bytes out.
"""

from __future__ import annotations

import copy
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from docx import Document
from docx.oxml.ns import qn

PLACEHOLDER = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)\}")
TEXT, ROW, SPACE = qn("w:t"), qn("w:tr"), "{http://www.w3.org/XML/1998/namespace}space"

Values = Mapping[str, Any]


def fill(content: bytes, values: Values) -> bytes:
    """Return the file with every code replaced; a code without a value leaves nothing behind."""
    document = Document(io.BytesIO(content))
    single = {code: str(value) for code, value in values.items() if not isinstance(value, list)}
    for root in _roots(document):
        _repeat_rows(root, {code: value for code, value in values.items() if isinstance(value, list)})
        _put(root, single)
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def list_codes(content: bytes) -> list[str]:
    """Return the codes of a file, each once, in the order of the text."""
    texts = [node.text or "" for root in _roots(Document(io.BytesIO(content))) for node in root.iter(TEXT)]
    return list(dict.fromkeys(PLACEHOLDER.findall("".join(texts))))


def _roots(document: Any) -> list[Any]:
    """Return the body and the footers: our files have no codes anywhere else."""
    return [document.element.body, *(section.footer._element for section in document.sections)]


def _repeat_rows(root: Any, lists: Mapping[str, Sequence[str]]) -> None:
    """Repeat each table row that names a code of a list, once for each of its values."""
    for row in [row for row in root.iter(ROW) if set(_codes(row)) & set(lists)]:
        mine = {code: lists[code] for code in _codes(row) if code in lists}
        for place in range(max(map(len, mine.values()))):
            twin = copy.deepcopy(row)
            _put(twin, {code: values[place] if place < len(values) else "" for code, values in mine.items()}, keeps_others=True)
            row.addprevious(twin)
        row.getparent().remove(row)


def _codes(root: Any) -> list[str]:
    return [code for node in root.iter(TEXT) for code in PLACEHOLDER.findall(node.text or "")]


def _put(root: Any, values: Mapping[str, str], keeps_others: bool = False) -> None:
    for node in root.iter(TEXT):
        if "{" in (node.text or ""):
            node.text = PLACEHOLDER.sub(lambda found: values.get(found[1], found[0] if keeps_others else ""), node.text)
            node.set(SPACE, "preserve")
