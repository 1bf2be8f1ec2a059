"""Requisites of contacts and companies, their bank accounts, and which of them a deal names. Declares the tables, makes the demo's rows.

Source: api-reference/crm/requisites/. Of the fields those that Russian organizations and sole traders have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sandbox.entities import Field
from sandbox.store import Section, Where

if TYPE_CHECKING:
    from sandbox.portal import Portal

CONTACT, COMPANY = 3, 4
ORGANIZATION, RUSSIA = 1, 1  # the preset and the country that every Russian portal has
COMMON = (
    "ID:integer ENTITY_ID:integer DATE_CREATE:datetime DATE_MODIFY:datetime CREATED_BY_ID:integer MODIFY_BY_ID:integer NAME:string "
    "CODE:string XML_ID:string ORIGINATOR_ID:string ACTIVE:char SORT:integer"
)
REQUISITES = Section.declare(
    "requisites",
    f"{COMMON} ENTITY_TYPE_ID:integer PRESET_ID:integer ADDRESS_ONLY:char RQ_NAME:string RQ_FIRST_NAME:string RQ_LAST_NAME:string "
    "RQ_SECOND_NAME:string RQ_COMPANY_NAME:string RQ_COMPANY_FULL_NAME:string RQ_DIRECTOR:string RQ_ACCOUNTANT:string RQ_CONTACT:string "
    "RQ_EMAIL:string RQ_PHONE:string RQ_INN:string RQ_KPP:string RQ_OGRN:string RQ_OGRNIP:string RQ_OKPO:string RQ_OKTMO:string "
    "RQ_OKVED:string",
    "ENTITY_TYPE_ID,ENTITY_ID",
)
BANK_DETAILS = Section.declare(
    "bank_details",
    f"{COMMON} COUNTRY_ID:integer RQ_BANK_NAME:string RQ_BANK_ADDR:string RQ_BIK:string RQ_ACC_NUM:string RQ_ACC_CURRENCY:string "
    "RQ_COR_ACC_NUM:string RQ_SWIFT:string COMMENTS:string",
    "ENTITY_ID",
)
LINKS = Section.declare(
    "requisite_links",
    "ID:integer ENTITY_TYPE_ID:integer ENTITY_ID:integer REQUISITE_ID:integer BANK_DETAIL_ID:integer MC_REQUISITE_ID:integer "
    "MC_BANK_DETAIL_ID:integer",
    "ENTITY_TYPE_ID,ENTITY_ID",
)
SECTIONS = (REQUISITES, BANK_DETAILS, LINKS)

MOST_COMPANIES = 20_000  # a portal that is made for measuring has none: nobody reads them one by one
READ = 1000
WITHOUT = 7  # every seventh company has none, as cards have that nobody has filled in
BANKS = (("АО «Пример Банк»", "044500001"), ("ПАО «Образец»", "044500002"), ("ООО КБ «Выдуманный»", "044500003"))
TEN_WEIGHTS = (2, 4, 10, 3, 5, 9, 4, 6, 8)  # of the check digit of a taxpayer's number of ten digits


def fields_of(section: Section) -> dict[str, Field]:
    """Return the fields of a table, for filters and answers."""
    return {column.name: Field(column.name, column.kind) for column in section.columns}


def fill_requisites(portal: Portal) -> None:
    """Give the demo its own company as a card of CRM, and requisites to it and to most of its clients."""
    store = portal.store
    mine = store.setting("my_company")
    if not mine or store.count("companies") > MOST_COMPANIES:
        return
    store.insert_many("requisites", _of_clients(portal))
    store.insert_many("bank_details", _accounts(portal))
    _add_own_company(portal, mine)


def _add_own_company(portal: Portal, mine: Mapping[str, Any]) -> None:
    """Keep the seller as a card with requisites and an account of the same words that documents print."""
    store = portal.store
    card = {name: mine[name] for name in ("TITLE", "PHONE", "EMAIL", "WEB")}
    stamp = {"ASSIGNED_BY_ID": 1, "CREATED_BY_ID": 1, "MODIFY_BY_ID": 1, "OPENED": "Y", "CURRENCY_ID": "RUB"}
    since = (store.get("users", 1) or {}).get("DATE_REGISTER")
    times = dict.fromkeys(("DATE_CREATE", "DATE_MODIFY", "LAST_ACTIVITY_TIME"), since)
    number = int(store.insert("companies", {**card, **stamp, **times, "IS_MY_COMPANY": "Y", "HAS_PHONE": "Y", "HAS_EMAIL": "Y"}))
    store.set_setting("my_company", {**mine, "ID": number})
    requisite = int(store.insert("requisites", _row(number) | _named(mine, "REQUISITE_")))
    account = _named(mine, "BANK_DETAIL_")
    kept = {"ENTITY_ID": requisite, "COUNTRY_ID": RUSSIA, "ACTIVE": "Y", "SORT": 500, "NAME": account["RQ_BANK_NAME"]}
    store.insert("bank_details", kept | account)


def _named(mine: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return the fields that the seller's record has under a prefix."""
    return {name.removeprefix(prefix): value for name, value in mine.items() if name.startswith(f"{prefix}RQ_")}


def _of_clients(portal: Portal) -> Iterator[dict[str, Any]]:
    last = 0
    while found := portal.store.find("companies", where=Where('"ID" > ?', (last,)), order='"ID"', limit=READ):
        for company in found:
            last = company["ID"]
            if last % WITHOUT and company["HAS_PHONE"] == "Y":
                kpp = f"77{last % 50:02d}01001"
                named = {"RQ_COMPANY_NAME": company["TITLE"], "RQ_INN": taxpayer_number(last), "RQ_KPP": kpp}
                yield _row(last) | named | {"RQ_OGRN": f"12077{last:08d}", "DATE_CREATE": company["DATE_CREATE"]}


def _accounts(portal: Portal) -> Iterator[dict[str, Any]]:
    for requisite in portal.store.find("requisites", order='"ID"'):
        number = requisite["ENTITY_ID"]
        bank, code = BANKS[number % len(BANKS)]
        yield {
            "ENTITY_ID": requisite["ID"],
            "COUNTRY_ID": RUSSIA,
            "NAME": bank,
            "ACTIVE": "Y",
            "SORT": 500,
            "RQ_BANK_NAME": bank,
            "RQ_BIK": code,
            "RQ_ACC_NUM": f"407028100{number:011d}",
            "RQ_COR_ACC_NUM": f"30101810000000000{code[-3:]}",
            "RQ_ACC_CURRENCY": "RUB",
        }


def _row(company: int) -> dict[str, Any]:
    """Return what every requisite of an organization has."""
    place = {"ENTITY_TYPE_ID": COMPANY, "ENTITY_ID": company, "PRESET_ID": ORGANIZATION}
    return {**place, "NAME": "Организация", "ACTIVE": "Y", "ADDRESS_ONLY": "N", "SORT": 500, "CREATED_BY_ID": 1}


def taxpayer_number(number: int) -> str:
    """Return an invented number of ten digits whose check digit is right; 7799 is the code of no office."""
    digits = f"7799{number % 100_000:05d}"
    check = sum(int(digit) * weight for digit, weight in zip(digits, TEN_WEIGHTS, strict=True)) % 11 % 10
    return f"{digits}{check}"
