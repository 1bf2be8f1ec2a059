"""What we mirror: ENTITIES, one line a kind of thing. Declarations only.

From here come the tables' columns (checked by a test), what is asked of the portal, the events that are bound at install
and how a record becomes a row. A new field or kind is a line here and a migration in `store.migrations.mirror`.
Products have no list of their own: what deals call them is the view `product` over their rows.
"""

from __future__ import annotations

from collections.abc import Mapping

from b24app.sync import dictionary_rows as small
from b24app.sync.activity_rows import read_parties
from b24app.sync.rows import Column, Link, Part
from b24app.sync.shapes import Entity, Source, Whole, declare, history_source, item_source

__all__ = ("BY_EVENT", "BY_KEY", "ENTITIES", "EVENTS", "FIXED", "GROWING", "LISTED", "OWNED", "RECORDS", "WHOLES", "Entity")

ID = declare(integer="id")
KEPT = declare(
    text="comments sourceId sourceDescription originatorId originId utmSource utmMedium utmCampaign utmContent utmTerm",
    flag="opened",
    reference="assignedById createdBy updatedBy lastActivityBy",
    instant="createdTime updatedTime lastActivityTime",
)
PERSON = declare(text="honorific name secondName lastName post", date="birthdate")
REACHED = declare(flag="hasPhone hasEmail hasImol")
HISTORY = declare(integer="ID TYPE_ID", reference="OWNER_ID", instant="CREATED_TIME")
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
        "department",
        "Подразделения",
        "Departments",
        declare(integer="id sort", text="name", reference="parentId headId"),
        whole=Whole("department.get", {"sort": "ID", "order": "ASC"}, small.read_department, is_optional=True),
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
    # The list of the default catalogue; what replaced it, catalog.section.list, wants one more permission and an administrator.
    Entity(
        "product_section",
        "Разделы товаров",
        "Product sections",
        declare(integer="id", text="title", reference="parentId"),
        whole=Whole("crm.productsection.list", {"select": ["ID", "NAME", "SECTION_ID"]}, small.read_section, is_optional=True),
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
        source=item_source(4, asks_all=True),
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
        source=item_source(3, "companyId", asks_all=True),
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
        source=item_source(1, "companyId", "contactId", asks_all=True),
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
        source=item_source(2, "companyId", "contactId"),
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
    Entity(
        "lead_stage_history",
        "История лидов",
        "History of leads",
        (*HISTORY, Column("stage_id", "STATUS_ID", "text"), Column("stage_semantic_id", "STATUS_SEMANTIC_ID", "text")),
        source=history_source(1),
        owner="lead",
        is_growing=True,
    ),
    Entity(
        "deal_stage_history",
        "История сделок",
        "History of deals",
        (*HISTORY, *declare(text="STAGE_ID STAGE_SEMANTIC_ID", integer="CATEGORY_ID")),
        source=history_source(2),
        owner="deal",
        is_growing=True,
    ),
    # Neither texts nor files: a letter's body is nobody's number and may be large.
    Entity(
        "activity",
        "Дела",
        "Activities",
        declare(
            integer="ID TYPE_ID STATUS PRIORITY DIRECTION",
            reference="OWNER_TYPE_ID OWNER_ID RESPONSIBLE_ID AUTHOR_ID EDITOR_ID ASSOCIATED_ENTITY_ID",
            text="PROVIDER_ID PROVIDER_TYPE_ID SUBJECT ORIGINATOR_ID ORIGIN_ID",
            flag="COMPLETED",
            instant="CREATED LAST_UPDATED START_TIME END_TIME DEADLINE",
        ),
        source=Source("crm.activity.list", {}, None, "ID", "LAST_UPDATED", ("ID", "LAST_UPDATED", "OWNER_TYPE_ID", "OWNER_ID")),
        parts=(Part("activity_party", "activity_id", "COMMUNICATIONS", read_parties),),
        changed=("ONCRMACTIVITYADD", "ONCRMACTIVITYUPDATE"),
        removed=("ONCRMACTIVITYDELETE",),
    ),
    # Chosen by an administrator, by type; every type gets its own table and its own events, see chosen.py.
    Entity(
        "smart",
        "Смарт-процессы",
        "Smart processes",
        (
            *ID,
            *declare(
                text="title stageId currencyId sourceId sourceDescription originatorId originId",
                integer="categoryId",
                reference="assignedById createdBy updatedBy movedBy lastActivityBy companyId contactId parentId1 parentId2",
                real="opportunity",
                flag="opened isManualOpportunity",
                instant="createdTime updatedTime movedTime lastActivityTime",
                date="begindate closedate",
            ),
        ),
        is_family=True,
        changed=("ONCRMDYNAMICITEMADD", "ONCRMDYNAMICITEMUPDATE"),
        removed=("ONCRMDYNAMICITEMDELETE",),
    ),
)

FIXED: tuple[Entity, ...] = tuple(entity for entity in ENTITIES if not entity.is_family)
BY_KEY: Mapping[str, Entity] = {entity.key: entity for entity in ENTITIES}
LISTED: tuple[Entity, ...] = tuple(entity for entity in FIXED if entity.source)
RECORDS: tuple[Entity, ...] = tuple(entity for entity in LISTED if entity.type_id is not None)
GROWING: tuple[Entity, ...] = tuple(entity for entity in LISTED if entity.is_growing)
WHOLES: tuple[Entity, ...] = tuple(entity for entity in FIXED if entity.whole)
OWNED: tuple[Entity, ...] = tuple(entity for entity in FIXED if entity.owner and not entity.source)

# Event code -> (entity, kind of change); the codes are what install binds, with those of the chosen smart processes.
BY_EVENT: Mapping[str, tuple[Entity, str]] = {
    code: (entity, kind) for entity in FIXED for kind in ("changed", "removed") for code in getattr(entity, kind)
}
EVENTS: tuple[str, ...] = tuple(BY_EVENT)
