"""Parameters of a call, loaded by the method's schema. Names are taken in any case at the top level; `Map` and `Items` take
both JSON and what PHP brackets became.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from sandbox.rest import Method, RestError


class Params(Schema):
    """The base of every method's schema: unknown parameters are passed over.

    A missing or unreadable parameter is refused with the code "100" of the vendor's controllers.
    """

    # Where the vendor takes a parameter's name only as it is written.
    is_exact = False

    class Meta:
        unknown = EXCLUDE


class Map(fields.Field):
    """A map; PHP's empty array and list are maps too. Nothing is an empty map."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:  # noqa: ARG002
        if isinstance(value, Mapping):
            return {str(key): inner for key, inner in value.items()}
        if isinstance(value, list):
            return {str(place): inner for place, inner in enumerate(value)}
        if value in ("", None):
            return {}
        raise ValidationError("a map is needed")


class Items(fields.Field):
    """A list; a map gives its values, a single value a list of one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:  # noqa: ARG002
        if isinstance(value, list):
            return value
        if isinstance(value, Mapping):
            return list(value.values())
        return [] if value in ("", None) else [value]


class YesNo(fields.Field):
    """A flag: Y, 1 and true are yes."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:  # noqa: ARG002
        return str(value).lower() in ("y", "1", "true")


def load_params(method: Method, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the loaded parameters; raw ones where a method has no schema. Raises RestError."""
    if method.schema is None:
        return dict(params)
    schema = _ready(method.schema)
    keys = [field.data_key or name for name, field in schema.fields.items()]
    names = {key.lower(): key for key in keys}
    given = {name if getattr(schema, "is_exact", False) else names.get(str(name).lower(), name): v for name, v in params.items()}
    try:
        loaded: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        name = next(iter(error.normalized_messages()))
        if given.get(name) is None:
            raise RestError(400, "100", f"Could not find value for parameter {{{name}}}") from error
        raise RestError(400, "100", f"Invalid value {{{given[name]}}} to match with parameter {{{name}}}.") from error
    return loaded


_READY: dict[type[Schema], Schema] = {}


def _ready(schema: type[Schema]) -> Schema:
    """Return the schema's one instance: making it costs more than loading with it."""
    if schema not in _READY:
        _READY[schema] = schema()
    return _READY[schema]
