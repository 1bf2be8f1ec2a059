"""Schemas of everything that Bitrix24 posts to us. Turns strings into typed objects or raises Malformed.

Nothing here is believed yet: a schema says that a post can be read, not that a portal sent it.
Secrets are kept out of every repr; an error names the field, never its value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, pre_load, validate

from b24app.bitrix.payloads import Form
from b24app.errors import Malformed

RUSSIAN = frozenset({"ru", "by", "kz", "uz"})  # portal languages whose readers get Russian; others get English
MAX_OPTIONS = 20_000  # characters of PLACEMENT_OPTIONS

_DOCUMENT = re.compile(r"([A-Za-z][A-Za-z0-9_]*)_(\d+)")

T = TypeVar("T")


@dataclass(frozen=True)
class Event:
    """One event. `name` is upper case; `entity_id` is None when the event carries no number."""

    name: str
    entity_id: int | None
    fields: Form
    ts: int
    member_id: str
    application_token: str = field(repr=False)
    has_token: bool = False  # of the user who acted; absent when a robot or an agent did


@dataclass(frozen=True)
class RobotCall:
    """One run of a robot of ours. `entity` is lower case: deal, lead, dynamic_147."""

    code: str
    event_token: str = field(repr=False)
    workflow_id: str
    entity: str
    entity_id: int
    properties: Form
    use_subscription: bool
    timeout: int
    ts: int
    member_id: str
    application_token: str = field(repr=False)


@dataclass(frozen=True)
class Frame:
    """A page of ours that the portal opens in a frame, with the tokens of whoever opened it."""

    domain: str
    protocol: str  # http | https
    lang: str  # ru | en
    app_sid: str
    member_id: str
    auth_id: str = field(repr=False)
    refresh_id: str = field(repr=False)
    expires: int
    application_token: str = field(repr=False)
    scope: tuple[str, ...]
    status: str
    placement: str
    options: Form

    @property
    def origin(self) -> str:
        """The address that the request claims; compare it, never call it."""
        return f"{self.protocol}://{self.domain}"

    @property
    def entity_id(self) -> int | None:
        """The record whose card the frame is in."""
        return _id_of(self.options)


def read_event(form: Form) -> Event:
    """Read an event that `read_form` has nested. Raises Malformed."""
    return _load(_EventSchema, form)


def read_robot_call(form: Form) -> RobotCall:
    """Read a robot's call that `read_form` has nested. Raises Malformed."""
    return _load(_RobotSchema, form)


def read_frame(args: Mapping[str, str], form: Form) -> Frame:
    """Read a frame's post: DOMAIN, PROTOCOL, LANG, APP_SID come in the query (`args`), the rest in the body."""
    return _load(_FrameSchema, {**args, **form})


def read_install(form: Form) -> Frame:
    """Read the ONAPPINSTALL that comes to the installer of an application without pages; it says the same as a frame.

    https://github.com/bitrix-tools/b24-rest-docs, settings/app-installation/local-apps/installation-callback.md
    """
    auth, content = _map(form.get("auth")), _map(form.get("data"))
    names = {"DOMAIN": "domain", "AUTH_ID": "access_token", "REFRESH_ID": "refresh_token", "AUTH_EXPIRES": "expires_in"}
    names |= {"APPLICATION_TOKEN": "application_token", "APPLICATION_SCOPE": "scope", "member_id": "member_id", "status": "status"}
    values = {name: auth[source] for name, source in names.items() if source in auth}
    return _load(_FrameSchema, {**values, "LANG": content.get("LANGUAGE_ID", "en")})


def read_lang(lang: str) -> str:
    """Return the language that we have for a portal's: ru or en."""
    return "ru" if lang[:2].lower() in RUSSIAN else "en"


# -- schemas ----------------------------------------------------------------------------------------------


class _Wire(Schema):
    """Unknown keys are normal: the portal adds some every year."""

    class Meta:
        unknown = EXCLUDE


def _text(name: str, longest: int = 300, **options: Any) -> fields.String:
    """Declare a string, required unless it has a default."""
    options.setdefault("required", "load_default" not in options)
    return fields.String(data_key=name, validate=validate.Length(min=1 if options["required"] else 0, max=longest), **options)


def _count(name: str, default: int = 0) -> fields.Integer:
    return fields.Integer(data_key=name, load_default=default, validate=validate.Range(min=0, max=10**12))


class _AuthSchema(_Wire):
    member_id = _text("member_id", 64)
    application_token = _text("application_token", 128)
    access_token = _text("access_token", 512, load_default="")


class _EventSchema(_Wire):
    name = _text("event", 100)
    content = fields.Raw(data_key="data", load_default=dict)
    ts = _count("ts")
    auth = fields.Nested(_AuthSchema, required=True)

    @post_load
    def build(self, loaded: Form, **_: Any) -> Event:
        content = _map(loaded["content"])
        about = _map(content.get("FIELDS", content))  # timeline comments carry data.ID with no FIELDS
        auth = loaded["auth"]
        return Event(
            name=loaded["name"].upper(),
            entity_id=_id_of(about),
            fields=about,
            ts=loaded["ts"],
            member_id=auth["member_id"],
            application_token=auth["application_token"],
            has_token=bool(auth["access_token"]),
        )


class _RobotSchema(_Wire):
    code = _text("code", 100)
    event_token = _text("event_token", 1000)
    workflow_id = _text("workflow_id", 100)
    document = fields.List(fields.String(), data_key="document_id", required=True, validate=validate.Length(equal=3))
    properties = fields.Raw(load_default=dict)
    subscription = _text("use_subscription", 1, load_default="Y")
    timeout = _count("timeout_duration")
    ts = _count("ts")
    auth = fields.Nested(_AuthSchema, required=True)

    @post_load
    def build(self, loaded: Form, **_: Any) -> RobotCall:
        match = _DOCUMENT.fullmatch(loaded["document"][2])
        if not match:
            raise ValidationError("Not a document id.", "document_id")
        auth = loaded["auth"]
        return RobotCall(
            code=loaded["code"],
            event_token=loaded["event_token"],
            workflow_id=loaded["workflow_id"],
            entity=match[1].lower(),
            entity_id=int(match[2]),
            properties=_map(loaded["properties"]),
            use_subscription=loaded["subscription"] != "N",  # empty means: the workflow waits
            timeout=loaded["timeout"],
            ts=loaded["ts"],
            member_id=auth["member_id"],
            application_token=auth["application_token"],
        )


class _FrameSchema(_Wire):
    domain = _text("DOMAIN", 255)
    protocol = _text("PROTOCOL", 1, load_default="1")
    lang = _text("LANG", 10, load_default="en")
    app_sid = _text("APP_SID", 64, load_default="")
    member_id = _text("member_id", 64)
    auth_id = _text("AUTH_ID", 512)
    refresh_id = _text("REFRESH_ID", 512, load_default="")
    expires = _count("AUTH_EXPIRES", 3600)
    application_token = _text("APPLICATION_TOKEN", 128)
    scope = _text("APPLICATION_SCOPE", 2000, load_default="")
    status = _text("status", 10, load_default="")
    placement = _text("PLACEMENT", 100, load_default="DEFAULT")
    options = _text("PLACEMENT_OPTIONS", MAX_OPTIONS, load_default="")

    @pre_load
    def lower_domain(self, values: Form, **_: Any) -> Form:
        domain = values.get("DOMAIN")
        return {**values, "DOMAIN": domain.lower()} if isinstance(domain, str) else values

    @post_load
    def build(self, loaded: Form, **_: Any) -> Frame:
        return Frame(
            **{
                **loaded,
                "protocol": "http" if loaded["protocol"] == "0" else "https",
                "lang": read_lang(loaded["lang"]),
                "scope": read_scope(loaded["scope"]),
                "options": _read_options(loaded["options"]),
            }
        )


def read_scope(text: str) -> tuple[str, ...]:
    """Split a scope list; pages separate by comma, by blank or by both."""
    return tuple(sorted({part for part in re.split(r"[\s,]+", text) if part}))


def _read_options(text: str) -> Form:
    """Read PLACEMENT_OPTIONS: a JSON string, an empty PHP map is []."""
    if not text:
        return {}
    try:
        return _map(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise ValidationError("Not JSON.", "PLACEMENT_OPTIONS") from error


@cache
def _made(schema: type[Schema]) -> Schema:
    """One of each: making a schema takes longer than reading an event with it."""
    return schema()


def _load(schema: type[Schema], form: Any) -> Any:
    try:
        return _made(schema).load(form)
    except ValidationError as error:
        raise Malformed("; ".join(_lines(error.normalized_messages()))) from error


def _lines(messages: Any, path: str = "") -> Iterator[str]:
    """Flatten marshmallow's messages to `auth.member_id: Missing data for required field.`"""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _lines(inner, f"{path}.{key}" if path else str(key))
    else:
        yield f"{path}: {' '.join(str(line) for line in messages)}"


def _map(value: Any) -> Form:
    return dict(value) if isinstance(value, Mapping) else {}


def _id_of(values: Form) -> int | None:
    """Return ID (or ENTITY_ID, which some placements use) as a number."""
    for key in ("ID", "ENTITY_ID"):
        text = str(values.get(key, ""))
        if text.isascii() and text.isdigit() and len(text) < 16:
            return int(text)
    return None
