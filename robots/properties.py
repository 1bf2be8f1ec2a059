"""What a person may set in a robot's form: kinds of properties, their declaration for Bitrix24, how a typed text becomes a value.

Everything comes as text, and may be anything: a property that is cleared or left out has its default. Calls nobody.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from b24app.errors import Mistaken

Texts = Mapping[str, str]  # by language: ru and en

SHOWN = 60  # characters of a wrong value that a person is shown again
LONGEST = 1000  # of a line
YES, NO = ("y", "yes", "1", "true", "да"), ("n", "no", "0", "false", "нет")


@dataclass(frozen=True)
class Property(ABC):
    """One setting. A kind states `kind` (a type of Bitrix24), how a text is read, and what it says of one that cannot be."""

    code: str
    name: Texts

    @property
    @abstractmethod
    def kind(self) -> str:
        """Return the type as Bitrix24 calls it."""

    @property
    def drawn(self) -> str:
        """Return what a settings page of ours draws it as: its type, unless a list of ours stands behind it."""
        return self.kind

    @property
    def initial(self) -> Any:
        """Return the value of a property that is empty."""
        return ""

    @property
    def options(self) -> Mapping[str, Texts]:
        """Return what there is to choose from; nothing when it is typed."""
        return {}

    @abstractmethod
    def reader(self) -> fields.Field:
        """Return how a typed text becomes the value."""

    @abstractmethod
    def expected(self) -> Texts:
        """Return what would be right: "a whole number from 1 to 365"."""

    def declaration(self, lang: str) -> dict[str, Any]:
        """Return the property as Bitrix24 wants it. Its lists speak one language only: the portal's."""
        listed = {"Options": {key: title[lang] for key, title in self.options.items()}} if self.options else {}
        return {"Name": dict(self.name), "Type": self.kind, "Required": "N", "Multiple": "N", "Default": self.initial, **listed}

    def complaint(self, value: Any) -> Mistaken:
        """Return the sentence about a value that cannot be used."""
        shown, right = str(value)[:SHOWN], self.expected()
        return Mistaken(
            f"“{self.name['en']}” must be {right['en']}, not “{shown}”.", f"«{self.name['ru']}»: нужно {right['ru']}, а не «{shown}»."
        )


@dataclass(frozen=True)
class Whole(Property):
    """A whole number between two bounds."""

    default: int
    smallest: int
    largest: int

    @property
    def kind(self) -> str:
        """See Property."""
        return "int"

    @property
    def initial(self) -> int:
        """See Property."""
        return self.default

    def reader(self) -> fields.Field:
        """See Property."""
        return fields.Integer(load_default=self.default, validate=validate.Range(self.smallest, self.largest))

    def expected(self) -> Texts:
        """See Property."""
        return {
            "en": f"a whole number from {self.smallest} to {self.largest}",
            "ru": f"целое число от {self.smallest} до {self.largest}",
        }


@dataclass(frozen=True)
class Fraction(Property):
    """A number between two bounds; a comma is a point."""

    default: float
    smallest: float
    largest: float

    @property
    def kind(self) -> str:
        """See Property."""
        return "double"

    @property
    def initial(self) -> float:
        """See Property."""
        return self.default

    def reader(self) -> fields.Field:
        """See Property."""
        return _Fraction(load_default=self.default, validate=validate.Range(self.smallest, self.largest))

    def expected(self) -> Texts:
        """See Property."""
        return {"en": f"a number from {self.smallest:g} to {self.largest:g}", "ru": f"число от {self.smallest:g} до {self.largest:g}"}


@dataclass(frozen=True)
class Line(Property):
    """A line of text, or of several lines."""

    is_long: bool = False

    @property
    def kind(self) -> str:
        """See Property."""
        return "text" if self.is_long else "string"

    def reader(self) -> fields.Field:
        """See Property."""
        return fields.String(load_default="", validate=validate.Length(max=LONGEST))

    def expected(self) -> Texts:
        """See Property."""
        return {"en": f"a text of {LONGEST} characters at most", "ru": f"текст не длиннее {LONGEST} символов"}


@dataclass(frozen=True)
class Choice(Property):
    """One of a list: key to title. The first one is the default unless another is named; a title will do, too."""

    choices: Mapping[str, Texts] = field(default_factory=dict)
    default: str = ""

    @property
    def kind(self) -> str:
        """See Property."""
        return "select"

    @property
    def initial(self) -> str:
        """See Property."""
        return self.default or next(iter(self.choices), "")

    @property
    def options(self) -> Mapping[str, Texts]:
        """See Property."""
        return self.choices

    def reader(self) -> fields.Field:
        """See Property."""
        known = {word.casefold(): key for key, title in self.choices.items() for word in (*title.values(), key)}
        return fields.Function(deserialize=lambda value: _choose(known, value), load_default=self.initial)

    def expected(self) -> Texts:
        """See Property."""
        return {lang: ", ".join(title[lang] for title in self.choices.values()) for lang in ("en", "ru")}


@dataclass(frozen=True)
class Flag(Property):
    """Yes or no."""

    default: bool = False

    @property
    def kind(self) -> str:
        """See Property."""
        return "bool"

    @property
    def initial(self) -> str:
        """See Property."""
        return "Y" if self.default else "N"

    def reader(self) -> fields.Field:
        """See Property."""
        return fields.Boolean(load_default=self.default, truthy={*YES, *(w.upper() for w in YES)}, falsy={*NO, *(w.upper() for w in NO)})

    def expected(self) -> Texts:
        """See Property."""
        return {"en": "yes or no", "ru": "да или нет"}


@dataclass(frozen=True)
class Person(Property):
    """An employee: his id, 0 for nobody. How Bitrix24 writes one in a robot's post its pages do not say; we read user_5 and 5."""

    @property
    def kind(self) -> str:
        """See Property."""
        return "user"

    def reader(self) -> fields.Field:
        """See Property."""
        return fields.Function(deserialize=_read_employee, load_default=0)

    def expected(self) -> Texts:
        """See Property."""
        return {"en": "one employee", "ru": "один сотрудник"}


def read_texts(properties: tuple[Property, ...], texts: Mapping[str, Any]) -> dict[str, Any]:
    """Return typed values of what people typed. Raises Mistaken, one sentence a wrong value."""
    typed = {code: text.strip() if isinstance(text, str) else text for code, text in texts.items()}
    known = {prop.code: prop for prop in properties}
    given = {code: value for code, value in typed.items() if code in known and value not in ("", None, [], {})}
    try:
        return dict(Schema.from_dict({code: prop.reader() for code, prop in known.items()})().load(given))
    except ValidationError as error:
        complaints = [prop.complaint(typed[code]) for code, prop in known.items() if code in error.normalized_messages()]
        raise Mistaken(*(" ".join(one.sentence(lang) for one in complaints) for lang in ("en", "ru"))) from error


class _Fraction(fields.Float):
    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> float:
        text = re.sub(r"\s", "", value).replace(",", ".") if isinstance(value, str) else value
        return float(super()._deserialize(text, attr, data, **options))


def _choose(known: Mapping[str, str], value: Any) -> str:
    found = known.get(str(value).casefold())
    if found is None:
        raise ValidationError("Not one of the list.")
    return found


def _read_employee(value: Any) -> int:
    many = list(value.values() if isinstance(value, Mapping) else value) if isinstance(value, (list, Mapping)) else [value]
    match = re.fullmatch(r"(?:user_)?(\d{1,12})", str(many[0]).strip()) if len(many) == 1 else None
    if not match:
        raise ValidationError("Not an employee.")
    return int(match[1])
