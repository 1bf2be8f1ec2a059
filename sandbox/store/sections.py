"""Which sections (tables) the portal keeps and which columns they have. Runs no SQL.

A room that needs a table of its own declares a tuple of `Section` and gives it to `Store`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.entities import ENTITIES, Entity, Field

# How a declared kind is kept: everything that is not named here is text.
STORED_AS = {
    "integer": "INTEGER",
    "user": "INTEGER",
    "employee": "INTEGER",
    "double": "REAL",
    "crm_company": "INTEGER",
    "crm_contact": "INTEGER",
    "crm_lead": "INTEGER",
    "crm_quote": "INTEGER",
    "crm_category": "INTEGER",
    "bool": "INTEGER",
    "boolean": "INTEGER",
    "enumeration": "INTEGER",
}


@dataclass(frozen=True)
class Column:
    """One column. Kind decides how a value is kept: integer, double, char (Y/N), date, datetime, json, string, ..."""

    name: str
    kind: str
    multiple: bool = False

    @property
    def default(self) -> object:
        """Return what a record without this key keeps: a flag is off, OPENED and EXPORT are on."""
        if self.kind == "bool":
            return int(self.name == "ACTIVE")
        if self.kind == "char":
            return "Y" if self.name in ("OPENED", "EXPORT") else "N"
        return None

    @property
    def sql_type(self) -> str:
        """Return the column's SQL type; a list is kept as JSON text."""
        return "TEXT" if self.multiple else STORED_AS.get(self.kind, "TEXT")


@dataclass(frozen=True)
class Section:
    """A table of records under their REST names. `key` is an integer handed out by the portal unless its kind is text."""

    name: str
    columns: tuple[Column, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    key: str = "ID"

    @classmethod
    def declare(cls, name: str, columns: str, *indexes: str, key: str = "ID") -> Section:
        """Declare a section in one line: `"ID:integer NAME:string"`, every index as `"OWNER_ID,SORT"`."""
        pairs = (declared.split(":") for declared in columns.split())
        return cls(name, tuple(Column(n, k) for n, k in pairs), tuple(tuple(i.split(",")) for i in indexes), key)


def column_of(field: Field) -> Column:
    """Return the column that keeps a CRM field."""
    return Column(field.name, field.kind, field.multiple)


INDEXES = {
    "leads": ("STATUS_ID", "ASSIGNED_BY_ID", "COMPANY_ID", "CONTACT_ID", "DATE_MODIFY"),
    # The last index is the kanban's own: its columns, sums and first cards are read from it alone.
    "deals": (
        "ASSIGNED_BY_ID",
        "COMPANY_ID",
        "CONTACT_ID",
        "DATE_MODIFY",
        "CATEGORY_ID,STAGE_ID,MOVED_TIME,CURRENCY_ID,OPPORTUNITY,ASSIGNED_BY_ID",
    ),
    "contacts": ("ASSIGNED_BY_ID", "COMPANY_ID", "DATE_MODIFY"),
    "companies": ("ASSIGNED_BY_ID", "DATE_MODIFY"),
}


def _crm_section(entity: Entity) -> Section:
    columns = tuple(column_of(field) for field in entity.fields if field.stored)
    return Section(entity.section, columns, tuple(tuple(i.split(",")) for i in INDEXES[entity.section]))


CORE_SECTIONS: tuple[Section, ...] = (
    Section.declare(
        "users",
        "ID:integer ACTIVE:bool NAME:string LAST_NAME:string SECOND_NAME:string EMAIL:string XML_ID:string TITLE:string IS_ADMIN:bool "
        "LAST_LOGIN:datetime DATE_REGISTER:datetime TIME_ZONE:string IS_ONLINE:char PERSONAL_GENDER:string PERSONAL_BIRTHDAY:date "
        "PERSONAL_PHOTO:string PERSONAL_CITY:string PERSONAL_MOBILE:string WORK_PHONE:string WORK_POSITION:string UF_PHONE_INNER:string "
        "UF_DEPARTMENT:json USER_TYPE:string",
    ),
    Section.declare("departments", "ID:integer NAME:string SORT:integer PARENT:integer UF_HEAD:integer"),
    Section.declare(
        "statuses",
        "ID:integer ENTITY_ID:string STATUS_ID:string NAME:string NAME_INIT:string SORT:integer SYSTEM:char CATEGORY_ID:integer "
        "COLOR:string SEMANTICS:string",
        "ENTITY_ID,STATUS_ID",
    ),
    Section.declare(
        "categories",
        "ID:integer NAME:string SORT:integer ENTITY_TYPE_ID:integer IS_DEFAULT:char ORIGIN_ID:string ORIGINATOR_ID:string",
    ),
    Section.declare(
        "currencies",
        "CURRENCY:string AMOUNT_CNT:integer AMOUNT:double SORT:integer BASE:char FULL_NAME:string FORMAT_STRING:string DEC_POINT:string "
        "THOUSANDS_SEP:string DECIMALS:integer DATE_UPDATE:datetime LANG:json",
        key="CURRENCY",
    ),
    *(_crm_section(entity) for entity in ENTITIES),
    Section.declare(
        "multi_fields",
        "ID:integer SECTION:string OWNER_ID:integer TYPE_ID:string VALUE_TYPE:string VALUE:string",
        "SECTION,OWNER_ID",
        "TYPE_ID,VALUE",
    ),
    Section.declare(
        "links",
        "ID:integer KIND:string OWNER_ID:integer TARGET_ID:integer SORT:integer ROLE_ID:integer IS_PRIMARY:char IS_PRIMARY_BACK:char",
        "KIND,OWNER_ID,TARGET_ID",
        "KIND,TARGET_ID",
    ),
    Section.declare(
        "product_rows",
        "ID:integer OWNER_TYPE:string OWNER_ID:integer PRODUCT_ID:integer PRODUCT_NAME:string PRICE:double PRICE_ACCOUNT:double "
        "PRICE_EXCLUSIVE:double PRICE_NETTO:double PRICE_BRUTTO:double QUANTITY:double DISCOUNT_TYPE_ID:integer DISCOUNT_RATE:double "
        "DISCOUNT_SUM:double TAX_RATE:double TAX_INCLUDED:char CUSTOMIZED:char MEASURE_CODE:integer MEASURE_NAME:string SORT:integer "
        "XML_ID:string TYPE:integer STORE_ID:integer",
        "OWNER_TYPE,OWNER_ID",
    ),
    Section.declare(
        "products",
        "ID:integer NAME:string CODE:string XML_ID:string ACTIVE:char SORT:integer PRICE:double CURRENCY_ID:string SECTION_ID:integer "
        "MEASURE:integer TYPE:integer DESCRIPTION:string DATE_CREATE:datetime TIMESTAMP_X:datetime",
    ),
    Section.declare("product_sections", "ID:integer NAME:string SECTION_ID:integer CODE:string XML_ID:string SORT:integer ACTIVE:char"),
    Section.declare(
        "activities",
        "ID:integer OWNER_ID:integer OWNER_TYPE_ID:integer TYPE_ID:integer PROVIDER_ID:string PROVIDER_TYPE_ID:string "
        "PROVIDER_GROUP_ID:string ASSOCIATED_ENTITY_ID:integer SUBJECT:string CREATED:datetime LAST_UPDATED:datetime "
        "START_TIME:datetime END_TIME:datetime DEADLINE:datetime COMPLETED:char STATUS:integer RESPONSIBLE_ID:integer PRIORITY:integer "
        "NOTIFY_TYPE:integer NOTIFY_VALUE:integer "
        "DESCRIPTION:string DESCRIPTION_TYPE:integer DIRECTION:integer LOCATION:string SETTINGS:json ORIGINATOR_ID:string ORIGIN_ID:string "
        "AUTHOR_ID:integer EDITOR_ID:integer PROVIDER_PARAMS:json PROVIDER_DATA:string RESULT_MARK:integer RESULT_VALUE:double "
        "RESULT_SUM:double RESULT_CURRENCY_ID:string RESULT_STATUS:integer RESULT_STREAM:integer RESULT_SOURCE_ID:string "
        "AUTOCOMPLETE_RULE:integer COMMUNICATIONS:json BINDINGS:json FILES:json",
        "OWNER_TYPE_ID,OWNER_ID",
        "LAST_UPDATED",
    ),
    Section.declare(
        "timeline_comments",
        "ID:integer ENTITY_ID:integer ENTITY_TYPE:string CREATED:datetime COMMENT:string AUTHOR_ID:integer FILES:json",
        "ENTITY_TYPE,ENTITY_ID",
    ),
    Section.declare(
        "user_fields",
        "ID:integer ENTITY_ID:string FIELD_NAME:string USER_TYPE_ID:string XML_ID:string SORT:integer MULTIPLE:char MANDATORY:char "
        "SHOW_FILTER:string SHOW_IN_LIST:char EDIT_IN_LIST:char IS_SEARCHABLE:char SETTINGS:json EDIT_FORM_LABEL:json "
        "LIST_COLUMN_LABEL:json LIST_FILTER_LABEL:json ERROR_MESSAGE:json HELP_MESSAGE:json LIST:json",
        "ENTITY_ID",
    ),
    Section.declare(
        "stage_history",
        "ID:integer ENTITY_TYPE_ID:integer TYPE_ID:integer OWNER_ID:integer CREATED_TIME:datetime CATEGORY_ID:integer "
        "STAGE_SEMANTIC_ID:string STAGE_ID:string",
        "ENTITY_TYPE_ID,OWNER_ID",
        "ENTITY_TYPE_ID,CREATED_TIME",
    ),
    Section.declare("webhooks", "ID:integer USER_ID:integer CODE:string SCOPES:json TITLE:string"),
    Section.declare(
        "apps",
        "CLIENT_ID:string ID:integer CLIENT_SECRET:string TITLE:json HANDLER:string INSTALLER:string SCOPES:json INSTALLED:bool "
        "API_ONLY:bool VERSION:integer STATUS:string APPLICATION_TOKEN:string INSTALLER_USER_ID:integer OPTIONS:json CREATED:datetime",
        key="CLIENT_ID",
    ),
    Section.declare(
        "tokens",
        "ID:integer KIND:string VALUE:string CLIENT_ID:string USER_ID:integer EXPIRES:double",
        "KIND,VALUE",
        "CLIENT_ID",
    ),
)
