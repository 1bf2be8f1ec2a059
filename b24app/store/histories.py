"""SQL by the noun history: what one client has bought and when, product by product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]
SERVICE = 7  # the type of a product row that is a service (crm/universal/product-rows)


def list_bought(store: PortalStore, client_key: str) -> list[Row]:
    """Return a client's purchases of catalogue products: product_id, product_name, is_service, bought_on; by product and day."""
    return store.rows(
        "SELECT item.product_id, MAX(item.product_name) AS product_name, own.bought_on, "
        "MAX(CASE WHEN item.type = :service THEN 1 ELSE 0 END) AS is_service FROM client_deal AS own "
        "JOIN product_row AS item ON item.owner_id = own.deal_id AND item.owner_type = 'D' "
        "WHERE own.client_key = :key AND own.state = 'S' AND own.bought_on IS NOT NULL AND item.product_id > 0 "
        "GROUP BY item.product_id, own.bought_on ORDER BY item.product_id, own.bought_on",
        {"key": client_key, "service": SERVICE},
    )
