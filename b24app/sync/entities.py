"""What we mirror: ENTITIES, one line a kind of thing. Declarations only.

From here come the tables' columns (checked by a test), what is asked of the portal, the events that are bound at install
and how a record becomes a row. A new field or kind is a line here and a migration in `store.migrations.mirror`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from b24app.sync import dictionary_rows as small
from b24app.sync.rows import Column, Link, Record, Row

ITEM_LIST = "crm.item.list"


@dataclass(frozen=True)
class Whole:
    """A small thing that is pulled as a whole: one list method, every record read by `read` (None: not one of these)."""

    method: str
    params: Mapping[str, Any]
    read: Callable[[Record], Row | None]
    key: str | None = None  # of the list inside the result


@dataclass(frozen=True, eq=False)
class Entity:
    """A kind of thing that we mirror.

    `type_id`: a CRM record, streamed and pulled by id with crm.item.list. `owner`: rows that belong to records of another
    entity and are pulled with them. `whole`: a dictionary. One that has none of them (user_field) is pulled by its own module.
    """

    key: str
    title_ru: str
    title_en: str
    columns: tuple[Column, ...] = ()
    type_id: int | None = None
    links: tuple[Link, ...] = ()
    has_communications: bool = False
    owner: str = ""
    whole: Whole | None = None
    concerns_clients: bool = False  # a dictionary on which every client's numbers depend
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """The table of its rows."""
        return self.key


def declare(**kinds: str) -> tuple[Column, ...]:
    """Declare columns by kind: the fields' names as the portal writes them; ours are the same in snake_case."""
    return tuple(Column(snake(source), source, kind) for kind, sources in kinds.items() for source in sources.split())


def snake(name: str) -> str:
    """Return createdTime as created_time."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


ID = declare(integer="id")
KEPT = declare(
    text="comments sourceId sourceDescription originatorId originId utmSource utmMedium utmCampaign utmContent utmTerm",
    flag="opened",
    reference="assignedById createdBy updatedBy lastActivityBy",
    instant="createdTime updatedTime lastActivityTime",
)
PERSON = declare(text="honorific name secondName lastName post", date="birthdate")
REACHED = declare(flag="hasPhone hasEmail hasImol")
MOVED = declare(
    text="stageId stageSemanticId currencyId",
    reference="movedBy companyId contactId",
    instant="movedTime",
    real="opportunity",
    flag="isManualOpportunity isReturnCustomer",
)

ENTITIES: tuple[Entity, ...] = (
    Entity("user_field", "Поля", "Fields", changed=small.USER_FIELD_EVENTS),
    Entity(
        "stage",
        "Стадии",
        "Stages",
        declare(text="entity id title semantics color", integer="categoryId sort"),
        whole=Whole("crm.status.list", {}, small.read_stage),
        concerns_clients=True,
    ),
    Entity(
        "category",
        "Воронки",
        "Pipelines",
        declare(integer="id sort", text="title", flag="isDefault"),
        whole=Whole("crm.category.list", {"entityTypeId": 2}, small.read_category, "categories"),
    ),
    Entity(
        "employee",
        "Сотрудники",
        "Employees",
        declare(integer="id", text="name email position", flag="isActive", json="departmentIds"),
        whole=Whole("user.get", {"sort": "ID", "order": "ASC"}, small.read_employee),
    ),
    Entity(
        "currency",
        "Валюты",
        "Currencies",
        declare(text="id title", flag="isBase", real="rate"),
        whole=Whole("crm.currency.list", {}, small.read_currency),
        concerns_clients=True,
        changed=("ONCRMCURRENCYADD", "ONCRMCURRENCYUPDATE", "ONCRMCURRENCYDELETE"),
    ),
    Entity(
        "dictionary",
        "Справочники",
        "Dictionaries",
        declare(text="kind id title", integer="sort"),
        whole=Whole("crm.status.list", {}, small.read_dictionary),
    ),
    Entity(
        "company",
        "Компании",
        "Companies",
        (
            *ID,
            *KEPT,
            *REACHED,
            *declare(
                text="title typeId addressLegal bankingDetails industry employees currencyId originVersion",
                reference="leadId",
                integer="categoryId",
                real="revenue",
                flag="isMyCompany",
            ),
        ),
        type_id=4,
        links=(Link("contact_company", "contactIds", "company_id", "contact_id", "contact", is_owner=False),),
        has_communications=True,
        changed=("ONCRMCOMPANYADD", "ONCRMCOMPANYUPDATE"),
        removed=("ONCRMCOMPANYDELETE",),
    ),
    Entity(
        "contact",
        "Контакты",
        "Contacts",
        (
            *ID,
            *PERSON,
            *KEPT,
            *REACHED,
            *declare(text="typeId originVersion", reference="companyId leadId", integer="categoryId", flag="export"),
        ),
        type_id=3,
        links=(Link("contact_company", "companyIds", "contact_id", "company_id", "company"),),
        has_communications=True,
        changed=("ONCRMCONTACTADD", "ONCRMCONTACTUPDATE"),
        removed=("ONCRMCONTACTDELETE",),
    ),
    Entity(
        "lead",
        "Лиды",
        "Leads",
        (*ID, *PERSON, *KEPT, *REACHED, *MOVED, *declare(text="title companyTitle statusDescription", instant="dateClosed")),
        type_id=1,
        has_communications=True,
        changed=("ONCRMLEADADD", "ONCRMLEADUPDATE"),
        removed=("ONCRMLEADDELETE",),
    ),
    Entity(
        "deal",
        "Сделки",
        "Deals",
        (
            *ID,
            *KEPT,
            *MOVED,
            *declare(
                text="title typeId locationId additionalInfo",
                integer="categoryId probability",
                reference="quoteId leadId",
                real="taxValue",
                flag="isNew isRecurring isRepeatedApproach closed",
                date="begindate closedate",
            ),
        ),
        type_id=2,
        links=(Link("deal_contact", "contactIds", "deal_id", "contact_id", "contact"),),
        # A move to another pipeline fires no ONCRMDEALUPDATE. api-reference/crm/deals/events/index.md
        changed=("ONCRMDEALADD", "ONCRMDEALUPDATE", "ONCRMDEALMOVETOCATEGORY"),
        removed=("ONCRMDEALDELETE",),
    ),
    Entity(
        "product_row",
        "Товары в сделках",
        "Products in deals",
        declare(
            integer="id discountTypeId measureCode sort type",
            reference="ownerId productId",
            text="ownerType productName measureName xmlId",
            real="price priceExclusive priceNetto priceBrutto quantity discountRate discountSum taxRate",
            flag="taxIncluded",
        ),
        owner="deal",
    ),
)

BY_KEY: Mapping[str, Entity] = {entity.key: entity for entity in ENTITIES}
RECORDS: tuple[Entity, ...] = tuple(entity for entity in ENTITIES if entity.type_id is not None)
WHOLES: tuple[Entity, ...] = tuple(entity for entity in ENTITIES if entity.whole)
OWNED: tuple[Entity, ...] = tuple(entity for entity in ENTITIES if entity.owner)

# Event code -> (entity, kind of change); the codes are what install binds.
BY_EVENT: Mapping[str, tuple[Entity, str]] = {
    code: (entity, kind) for entity in ENTITIES for kind in ("changed", "removed") for code in getattr(entity, kind)
}
EVENTS: tuple[str, ...] = tuple(BY_EVENT)
