"""What there is to choose from in a rule: stages, types of deals, products, employees. Named SQL, nothing else."""

from __future__ import annotations

from typing import Any

from b24app.store.mirror import PortalStore

Row = dict[str, Any]

MOST_PRODUCTS = 200


def list_stages(store: PortalStore) -> list[Row]:
    """Return the stages of deals with their pipelines, in the order of the kanban."""
    sql = """SELECT stage.id, stage.category_id, stage.title, category.title AS category FROM stage
        LEFT JOIN category ON category.id = stage.category_id
        WHERE stage.entity = 'deal' ORDER BY COALESCE(category.sort, 0), stage.category_id, stage.sort, stage.id"""
    return store.rows(sql)


def list_deal_types(store: PortalStore) -> list[Row]:
    """Return the types of deals."""
    return store.rows("SELECT id, title FROM dictionary WHERE kind = 'DEAL_TYPE' ORDER BY sort, id")


def list_products(store: PortalStore) -> list[Row]:
    """Return the products that most deals have."""
    return store.rows("SELECT id, name FROM product WHERE name IS NOT NULL ORDER BY deals DESC, id LIMIT ?", (MOST_PRODUCTS,))


def list_employees(store: PortalStore) -> list[Row]:
    """Return the employees, those who have left too."""
    return store.rows("SELECT id, name, is_active FROM employee ORDER BY name, id")
