"""What a robot is: its declaration for Bitrix24, its properties as typed values, its result. Calls nobody itself.

The declaration's rules are the vendor's (bizproc.robot.add); tests/robots/test_declarations.py holds every robot to them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from b24app.errors import Mistaken

if TYPE_CHECKING:
    from b24app.context import Context

Texts = Mapping[str, str]  # by language: ru and en

DEAL = ("crm", "CCrmDocumentDeal", "DEAL")
SHOWN = 60  # characters of a wrong value that a person is shown again


@dataclass(frozen=True)
class Whole:
    """A property: a whole number between two bounds. Empty means the default."""

    code: str
    name: Texts
    default: int
    smallest: int
    largest: int

    def declaration(self) -> dict[str, Any]:
        """Return the property as Bitrix24 wants it."""
        return {"Name": dict(self.name), "Type": "int", "Required": "N", "Multiple": "N", "Default": self.default}

    def field(self) -> fields.Field:
        """Return how a typed text becomes the value."""
        return fields.Integer(load_default=self.default, validate=validate.Range(self.smallest, self.largest))

    def complaint(self, value: Any) -> Mistaken:
        """Return the sentence about a value that cannot be used."""
        shown = str(value)[:SHOWN]
        return Mistaken(
            f"“{self.name['en']}” must be a whole number from {self.smallest} to {self.largest}, not “{shown}”.",
            f"«{self.name['ru']}»: нужно целое число от {self.smallest} до {self.largest}, а не «{shown}».",
        )


@dataclass(frozen=True)
class Returned:
    """A value that a robot gives back to its workflow. `kind` is a type of Bitrix24: string, int, double, date, bool."""

    code: str
    kind: str
    name: Texts

    def declaration(self) -> dict[str, Any]:
        """Return the value as Bitrix24 wants it declared."""
        return {"Name": dict(self.name), "Type": self.kind, "Required": "N", "Multiple": "N"}


ERROR = Returned("error", "string", {"ru": "Ошибка", "en": "Error"})


@dataclass(frozen=True)
class Call:
    """One run of a robot, its properties read. `key` is the same whenever the same run is tried again."""

    key: str
    deal_id: int
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What a run gives back: a value for every code in `returns`, and a line for the workflow's journal."""

    values: Mapping[str, Any]
    message: Texts
    has_failed: bool = False


class Robot(ABC):
    """A robot that administrators put on a stage of the deal kanban.

    A subclass states `code` (letters, digits, dot, hyphen, underscore; never changed once released), `name` and
    `description` in both languages, its `properties` and `returns`, and `run`. `run` may be called again for the same
    `call.key`, and must then bring about nothing twice. It raises Mistaken with a sentence for the person who reads the
    workflow's journal; BitrixBusy and BitrixLost put the run off.

        class Greet(Robot):
            code = "greet"
            name: ClassVar[Texts] = {"ru": "Поздороваться", "en": "Greet"}
            description: ClassVar[Texts] = {"ru": "Здоровается", "en": "Says hello"}
            returns = (Returned("words", "string", {"ru": "Слова", "en": "Words"}),)

            def run(self, ctx, call):
                return Result({"words": "hello"}, {"ru": "Готово", "en": "Done"})
    """

    code: ClassVar[str]
    name: ClassVar[Texts]
    description: ClassVar[Texts]
    properties: ClassVar[tuple[Whole, ...]] = ()
    returns: ClassVar[tuple[Returned, ...]] = ()

    @abstractmethod
    def run(self, ctx: Context, call: Call) -> Result:
        """Do what the workflow asks for and return the values it waits for."""

    def payload(self, handler_url: str, user_id: int) -> dict[str, Any]:
        """Return the parameters of bizproc.robot.add. `user_id`: on whose behalf Bitrix24 calls us."""
        return {
            "CODE": self.code,
            "HANDLER": handler_url,
            "AUTH_USER_ID": user_id,
            "USE_SUBSCRIPTION": "Y",  # the workflow waits for our answer; left out, it would wait too, but unsaid
            "NAME": dict(self.name),
            "DESCRIPTION": dict(self.description),
            "PROPERTIES": {prop.code: prop.declaration() for prop in self.properties},
            "RETURN_PROPERTIES": {value.code: value.declaration() for value in (*self.returns, ERROR)},
            "DOCUMENT_TYPE": list(DEAL),
            "FILTER": {"INCLUDE": [list(DEAL[:2])]},
        }

    def read_properties(self, texts: Mapping[str, Any]) -> dict[str, Any]:
        """Return typed values of what people typed into the robot's settings. Raises Mistaken, one sentence a wrong value."""
        typed = {code: text.strip() if isinstance(text, str) else text for code, text in texts.items()}
        schema = Schema.from_dict({prop.code: prop.field() for prop in self.properties})(unknown=EXCLUDE)
        try:
            return dict(schema.load({code: value for code, value in typed.items() if value != ""}))
        except ValidationError as error:
            complaints = [prop.complaint(typed[prop.code]) for prop in self.properties if prop.code in error.normalized_messages()]
            raise Mistaken(*(" ".join(one.sentence(lang) for one in complaints) for lang in ("en", "ru"))) from error
