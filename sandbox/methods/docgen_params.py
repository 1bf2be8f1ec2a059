"""Parameters that crm.documentgenerator.* share, and how its controllers refuse them. Source: api-reference/crm/document-generator/**."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from sandbox.documents import refused
from sandbox.entities import Field
from sandbox.filters import Filter, WrongValue
from sandbox.params import Items, Map, Params, YesNo
from sandbox.store import Where

NUMERATOR = "Bitrix\\Main\\Numerator\\Numerator constructor must be is public"
TEMPLATE = "Bitrix\\DocumentGenerator\\Template constructor must be is public"
DOCUMENT = "Bitrix\\DocumentGenerator\\Document constructor must be is public"


class IdParams(Params):
    """One numerator, template or document."""

    id = fields.Raw(load_default=None)


class FieldsParams(IdParams):
    """What is written."""

    fields_ = Map(required=True, data_key="fields")


class ListParams(Params):
    """A page of a list."""

    select = Items(load_default=list)
    filter = Map(load_default=dict)
    order = Map(load_default=dict)
    start = fields.Raw(load_default=0)


class DocumentParams(IdParams):
    """A new document, changes of one, or fields of a template for an object."""

    templateId = fields.Raw(load_default=None)  # noqa: N815 - the vendor's name
    entityTypeId = fields.Integer(load_default=0)  # noqa: N815
    entityId = fields.Integer(load_default=0)  # noqa: N815
    values = Map(load_default=dict)
    fields_ = Map(load_default=dict, data_key="fields")
    stampsEnabled = YesNo(load_default=None)  # noqa: N815
    status = YesNo(load_default=True)


def read_key(given: Any, missing: str) -> int:
    """Return an id; without one the vendor's controller fails to make its object, and says so."""
    if given in (None, ""):
        raise refused(missing, "100")
    return int(given) if str(given).isdigit() else 0


def compile_filter(section: str, names: dict[str, Field], asked: dict[str, Any]) -> Where:
    try:
        return Filter(section, names).compile(asked)
    except WrongValue as error:
        raise refused(f"Invalid filter: field '{error}' has invalid value", "100") from error
