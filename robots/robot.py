"""What a robot is: its declaration for Bitrix24, its properties as typed values, its result. Calls nobody itself.

The declaration's rules are the vendor's (bizproc.robot.add); tests/robots/test_declarations.py holds every robot to them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from robots.properties import Property, Texts, read_texts

if TYPE_CHECKING:
    from b24app.context import Context

SETTINGS = "settings"  # the last part of the address of a robot's own settings page


@dataclass(frozen=True)
class Document:
    """A kind of record that robots work on: the start of a call's entity, the vendor's class, its type, what people call it."""

    entity: str
    names: tuple[str, str]
    kind: str
    title: Texts


DEAL = Document("deal", ("crm", "CCrmDocumentDeal"), "DEAL", {"ru": "в сделках", "en": "deals"})
LEAD = Document("lead", ("crm", "CCrmDocumentLead"), "LEAD", {"ru": "в лидах", "en": "leads"})
SMART = Document(
    "dynamic_",
    ("crm", r"Bitrix\Crm\Integration\BizProc\Document\Dynamic"),
    "",  # every smart process has a type of its own
    {"ru": "в смарт-процессах", "en": "smart processes"},
)
EVERYWHERE = (DEAL, LEAD, SMART)


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
    """One run of a robot, its properties read. `key` is the same whenever the same run is tried again.

    `entity`: deal, lead, dynamic_147. `received_at` and `deadline` (UTC; None: the workflow sets none) are those of the run.
    """

    key: str
    entity_id: int
    properties: Mapping[str, Any] = field(default_factory=dict)
    entity: str = "deal"
    received_at: datetime | None = None
    deadline: datetime | None = None

    @property
    def deal_id(self) -> int:
        """Return the number of the record of a robot that works on deals alone."""
        return self.entity_id


@dataclass(frozen=True)
class Result:
    """What a run gives back: a value for every code in `returns`, and a line for the workflow's journal."""

    values: Mapping[str, Any]
    message: Texts
    has_failed: bool = False


@dataclass(frozen=True)
class Pending:
    """What a run gives back that has to wait: until when (UTC) at the latest, for which client's sake, and a line to say so."""

    until: datetime
    client_key: str
    message: Texts


class Robot(ABC):
    """A robot that administrators put on a stage of the kanban.

    A subclass states `code` (letters, digits, dot, hyphen, underscore; never changed once released), `name` and
    `description` in both languages, its `properties` and `returns`, the `documents` it works on, and `run`. `run` may be called
    again for the same `call.key`, and must then bring about nothing twice. It raises Mistaken with a sentence for the person who
    reads the workflow's journal; BitrixBusy and BitrixLost put the run off. It may return Pending: then it is called again when
    something about that client has changed, and when the time is over, until it returns a Result.

    `has_page` gives it a settings page of its own, and `preview` says there what it would do for a record, changing nothing.

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
    properties: ClassVar[tuple[Property, ...]] = ()
    returns: ClassVar[tuple[Returned, ...]] = ()
    documents: ClassVar[tuple[Document, ...]] = EVERYWHERE
    has_page: ClassVar[bool] = False

    @abstractmethod
    def run(self, ctx: Context, call: Call) -> Result | Pending:
        """Do what the workflow asks for and return the values it waits for."""

    def preview(self, ctx: Context, call: Call) -> Result | None:  # noqa: ARG002 - those who can say it use them
        """Return what `run` would bring about now; None when that cannot be said without doing it. Never writes."""
        return None

    def works_on(self, entity: str) -> bool:
        """Tell whether a record of this kind will do."""
        return any(entity.startswith(one.entity) if one is SMART else entity == one.entity for one in self.documents)

    def payload(self, handler_url: str, user_id: int, lang: str) -> dict[str, Any]:
        """Return the parameters of bizproc.robot.add. `user_id`: on whose behalf Bitrix24 calls us; `lang`: the portal's."""
        own = {"DOCUMENT_TYPE": [*self.documents[0].names, self.documents[0].kind]} if len(self.documents) == 1 else {}
        page = {"USE_PLACEMENT": "Y", "PLACEMENT_HANDLER": f"{handler_url}/{SETTINGS}"} if self.has_page else {"USE_PLACEMENT": "N"}
        return {
            "CODE": self.code,
            "HANDLER": handler_url,
            "AUTH_USER_ID": user_id,
            "USE_SUBSCRIPTION": "Y",  # the workflow waits for our answer; left out, it would wait too, but unsaid
            "NAME": dict(self.name),
            "DESCRIPTION": dict(self.description),
            "PROPERTIES": {prop.code: prop.declaration(lang) for prop in self.properties},
            "RETURN_PROPERTIES": {value.code: value.declaration() for value in (*self.returns, ERROR)},
            "FILTER": {"INCLUDE": [list(one.names) for one in self.documents]},
            **own,
            **page,
        }

    def read_properties(self, texts: Mapping[str, Any]) -> dict[str, Any]:
        """Return typed values of what people typed into the robot's settings. Raises Mistaken, one sentence a wrong value."""
        return read_texts(self.properties, texts)
