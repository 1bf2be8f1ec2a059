"""Sections of the catalogue, and in which of them the products are that deals name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from b24app.errors import BitrixError
from b24app.store.changes import list_due_clients
from b24app.store.products import list_unread, with_below
from b24app.sync.dictionaries import pull_small
from b24app.sync.entities import BY_KEY
from b24app.sync.products import pull_products

EQUIPMENT, MACHINES, COFFEE = 6, 1, 3


def fill(ctx: Any, bitrix: Any) -> None:
    """Two sections, one of them inside a third; a deal with a machine and coffee, one with a product that is in no catalogue."""
    bitrix.sections = [
        {"ID": "6", "NAME": "Оборудование", "SECTION_ID": None},
        {"ID": "1", "NAME": "Кофемашины", "SECTION_ID": "6"},
        {"ID": "3", "NAME": "Кофе", "SECTION_ID": None},
    ]
    bitrix.products = [{"ID": "7", "SECTION_ID": "1"}, {"ID": "9", "SECTION_ID": "3"}]
    rows = [(1, 1, 7), (2, 1, 9), (3, 2, 11), (4, 2, None)]
    with ctx.store.write() as db:
        for number, deal, product in rows:
            db.conn.execute("INSERT INTO product_row (id, owner_type, owner_id, product_id) VALUES (?, 'D', ?, ?)", (number, deal, product))
        db.conn.execute("INSERT INTO client_deal (deal_id, client_key, state) VALUES (1, 'CO_1', 'S'), (2, 'C_2', 'S')")


def sections(ctx: Any) -> dict[int, int | None]:
    """Return the section of each product."""
    return {row["id"]: row["section_id"] for row in ctx.store.rows("SELECT * FROM catalog_product")}


def test_products_of_deals_get_their_sections(ctx: Any, bitrix: Any) -> None:
    """Sections come whole, products as deals name them; their buyers are due, once."""
    fill(ctx, bitrix)

    pull_small(ctx, [BY_KEY["product_section"]])

    assert {row["id"]: row["parent_id"] for row in ctx.store.rows("SELECT * FROM product_section")} == {6: None, 1: 6, 3: None}
    assert sections(ctx) == {7: MACHINES, 9: COFFEE, 11: None}
    assert "CO_1" in list_due_clients(ctx.store, 10)
    assert pull_products(ctx) == 0


def test_product_that_moved_is_seen_the_next_day(ctx: Any, bitrix: Any) -> None:
    """What is known is asked for once a day, and its buyers are due again."""
    fill(ctx, bitrix)
    pull_products(ctx)
    bitrix.products[0]["SECTION_ID"] = "3"

    tomorrow = (ctx.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert list_unread(ctx.store, tomorrow, 10) == [7, 9, 11]
    with ctx.store.write() as db:
        db.conn.execute("UPDATE catalog_product SET read_at = '2020-01-01T00:00:00Z'")
    pull_products(ctx)

    assert sections(ctx)[7] == COFFEE


def test_portal_that_refuses_the_catalogue_is_mirrored_without_it(ctx: Any, bitrix: Any) -> None:
    """No right to the catalogue: nothing has a section, everything else goes on, and it is not asked for again today."""
    fill(ctx, bitrix)

    def refuse() -> None:
        raise BitrixError("crm.product.list", "ACCESS_DENIED", "Access denied", 403)

    bitrix.before("crm.product.list", refuse)
    pull_products(ctx)

    assert sections(ctx) == {7: None, 9: None, 11: None}
    assert pull_products(ctx) == 0


def test_section_has_all_that_is_below_it() -> None:
    """Equipment is machines too; a ring of sections, which a portal cannot have, ends."""
    rows = [
        {"id": 6, "parent_id": None},
        {"id": 1, "parent_id": 6},
        {"id": 2, "parent_id": 1},
        {"id": 8, "parent_id": 9},
        {"id": 9, "parent_id": 8},
    ]

    assert with_below(rows, [6]) == [1, 2, 6]
    assert with_below(rows, [9]) == [8, 9]
