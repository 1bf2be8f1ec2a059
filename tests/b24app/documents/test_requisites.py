"""Requisites of both sides: whose they are, which ones are meant, what stands in the offer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from b24app.context import Context
from b24app.documents.gaps import NO_ACCOUNT, NO_REQUISITES, NO_SELLER_NUMBER, check_offer, list_gaps
from b24app.documents.issue import issue_offer
from b24app.documents.options import Options
from b24app.documents.requisites import Requisites
from b24app.documents.source import read_source
from b24app.documents.values import SELLER_NUMBER
from b24app.errors import BitrixError
from tests.fake_generator import DEAL_ID, FakeGenerator, offer_context, service_deal

OURS, CLIENT = 1, 7  # companies


def requisite(number: int, company: int, inn: str, **more: str) -> dict[str, Any]:
    """Return a requisite as crm.requisite.list answers it."""
    place = {"ENTITY_TYPE_ID": "4", "ENTITY_ID": str(company), "ADDRESS_ONLY": "N", "SORT": "500"}
    return {"ID": str(number), **place, "RQ_COMPANY_NAME": f"ООО «{inn}»", "RQ_INN": inn, "RQ_KPP": None, "RQ_OGRN": "", **more}


def account(number: int, of: int, bank: str = "АО «Банк»") -> dict[str, Any]:
    """Return a bank account as crm.requisite.bankdetail.list answers it."""
    numbers = {"RQ_ACC_NUM": f"4070281000000000000{number}", "RQ_BIK": "044500001", "RQ_COR_ACC_NUM": "30101810000000000001"}
    return {"ID": str(number), "ENTITY_ID": str(of), "SORT": "500", "RQ_BANK_NAME": bank, **numbers}


@pytest.fixture
def portal() -> FakeGenerator:
    """A portal in which both sides have requisites and accounts, the client two of each."""
    made = service_deal()
    made.requisites = [
        requisite(3, OURS, "7715123456", RQ_KPP="771501001", RQ_OGRN="1207700000000"),
        requisite(5, CLIENT, "7799000019", RQ_KPP="770101001"),
        requisite(4, CLIENT, "7799000020", SORT="900"),
        requisite(6, CLIENT, "7799000021", SORT="1", ADDRESS_ONLY="Y"),
    ]
    made.accounts = [account(8, 4), account(2, 3), account(1, 5)]
    return made


@pytest.fixture
def ctx(tmp_path: Path, portal: FakeGenerator) -> Iterator[Context]:
    """A context with the templates installed."""
    with offer_context(tmp_path, portal) as context:
        yield context


def printed(ctx: Context, portal: FakeGenerator) -> dict[str, Any]:
    """Return the values with which an offer was made."""
    issue_offer(ctx, DEAL_ID, f"k{len(portal.documents)}")
    return dict(portal.documents[-1]["values"])


def test_offer_has_the_requisites_of_both_sides(ctx: Context, portal: FakeGenerator) -> None:
    """The first of each by the card's own order; all are read with the rest, in one request."""
    values = printed(ctx, portal)

    assert values["OfferClient"] == "ООО «7799000019»"
    assert values["OfferClientDetails"].replace("\xa0", " ") == (
        "ИНН 7799000019, КПП 770101001, р/с 40702810000000000001 в АО «Банк», БИК 044500001, к/с 30101810000000000001"
    )
    assert values["OfferSellerDetails"].replace("\xa0", " ").startswith("КПП 771501001, ОГРН 1207700000000, р/с 40702810000000000002 в АО")
    source = read_source(ctx, DEAL_ID)
    assert not {NO_ACCOUNT, NO_REQUISITES} & set(list_gaps(source, Options()))


def test_requisites_that_the_deal_names_are_taken(ctx: Context, portal: FakeGenerator) -> None:
    """The manager has chosen them in the deal; of a requisite that is not the client's nothing is taken."""
    portal.ties = [
        {"ENTITY_ID": str(DEAL_ID), "REQUISITE_ID": "4", "BANK_DETAIL_ID": "8", "MC_REQUISITE_ID": "5", "MC_BANK_DETAIL_ID": "0"}
    ]

    source = read_source(ctx, DEAL_ID)

    assert (source.theirs.number, source.theirs.account_number[-1]) == ("7799000020", "8")
    assert source.ours.number == "7715123456"


def test_own_company_that_the_deal_names_sells(ctx: Context, portal: FakeGenerator) -> None:
    """A portal with two own companies."""
    portal.sellers.append({"id": 9, "title": "ООО «Вторая»"})
    portal.requisites.append(requisite(11, 9, "7715999999"))
    portal.deal = {**(portal.deal or {}), "mycompanyId": 9}

    source = read_source(ctx, DEAL_ID)

    assert (source.seller["title"], source.ours.number) == ("ООО «Вторая»", "7715999999")


def test_cards_speak_where_there_are_no_requisites(ctx: Context, portal: FakeGenerator) -> None:
    """Or where the portal refuses to tell them."""
    portal.people[4, 7]["bankingDetails"] = "ИНН 7799000019"
    portal.refusing["crm.requisite.list"] = BitrixError("crm.requisite.list", "0", "Access denied.")
    portal.requisites = []

    values = printed(ctx, portal)

    assert (values["OfferClient"], values["OfferClientDetails"]) == ("ООО «Хладокомбинат № 3»", "ИНН 7799000019")
    assert values["OfferSellerDetails"] == "КПП 771501001"


def test_missing_requisites_are_said_before(ctx: Context, portal: FakeGenerator) -> None:
    """Nobody finds them as a hole in the document."""
    portal.requisites, portal.sellers[0]["bankingDetails"] = [], ""

    assert {NO_ACCOUNT, NO_REQUISITES} <= set(list_gaps(read_source(ctx, DEAL_ID), Options()))


def test_number_that_the_generator_does_not_know_is_given_to_it(ctx: Context, portal: FakeGenerator) -> None:
    """Without it no offer would be made; what it knows is left to it."""
    portal.fields[SELLER_NUMBER] = ""

    values = printed(ctx, portal)

    assert values[SELLER_NUMBER] == "7715123456"
    assert "MyCompanyPhone" not in values
    portal.requisites = []
    assert NO_SELLER_NUMBER in check_offer(read_source(ctx, DEAL_ID, template_id=39))


def test_line_of_an_account_without_a_bank() -> None:
    """Neither a dangling word nor an empty bracket; in English in English words."""
    side = Requisites({"RQ_INN": "1"}, {"RQ_ACC_NUM": "2"})

    assert side.details("en").replace("\xa0", " ") == "Tax ID 1, account 2"
    assert Requisites().details("ru") == ""
