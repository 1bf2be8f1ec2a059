"""The mirror and a portal that lives, over real HTTP: whatever happens there, in the end both sides are equal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from b24app.context import Context, utc_now
from b24app.drain import drain, drain_all, fill, reconcile
from b24app.store.changes import Change, save_changes
from tests.stories.alone import PortalOnHttp, find_differences, live, mirror_of, running_portal


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[PortalOnHttp]:
    """A small company in a portal on a free port."""
    with running_portal(tmp_path / "portal") as started:
        yield started


@pytest.fixture
def ctx(tmp_path: Path, portal: PortalOnHttp) -> Iterator[Context]:
    """The worker's context for that portal."""
    with mirror_of(tmp_path / "app", portal) as context:
        yield context


def test_mirror_follows_a_portal_that_lives(ctx: Context, portal: PortalOnHttp) -> None:
    """First sync; changes that events tell of; changes that nobody told of; a field that is new."""
    fill(ctx)
    assert find_differences(ctx, portal) == []
    ids = portal.ids(2)

    portal.call("crm.item.update", entityTypeId=2, id=ids[0], fields={"title": "Told", "opportunity": 12345.5})
    portal.call("crm.item.delete", entityTypeId=2, id=ids[1])
    rows = [{"productName": "Told", "price": 10, "quantity": 3}]
    portal.call("crm.item.productrow.set", ownerType="D", ownerId=ids[0], productRows=rows)
    save_changes(ctx.store, [Change("deal", ids[0]), Change("deal", ids[1], "removed")], utc_now().strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert drain(ctx) == 2
    assert find_differences(ctx, portal) == []
    assert ctx.store.rows("SELECT product_name, price, quantity FROM product_row WHERE owner_id = ?", (ids[0],)) == [
        {"product_name": "Told", "price": 10.0, "quantity": 3.0}
    ]

    portal.call("crm.deal.userfield.add", fields={"FIELD_NAME": "NEW", "USER_TYPE_ID": "string", "LABEL": "New"})
    portal.call("crm.item.update", entityTypeId=2, id=ids[2], fields={"UF_CRM_NEW": "value"}, useOriginalUfNames="Y")
    portal.call("crm.item.update", entityTypeId=2, id=ids[3], fields={"categoryId": 1, "stageId": "C1:NEW"})
    portal.call("crm.item.delete", entityTypeId=3, id=portal.ids(3)[0])
    added = portal.call("crm.item.add", entityTypeId=4, fields={"title": "Untold"})["item"]["id"]
    report = reconcile(ctx)
    assert find_differences(ctx, portal) == []
    assert (report["contact"]["deleted"], report["company"]["added"]) == (1, 1)
    assert ctx.store.row("SELECT uf_crm_new FROM deal WHERE id = ?", (ids[2],)) == {"uf_crm_new": "value"}
    assert ctx.store.row("SELECT key FROM client WHERE entity_id = ? AND kind = 'company'", (added,)) == {"key": f"CO_{added}"}

    second = reconcile(ctx, full=True)
    assert {found[what] for found in second.values() for what in ("added", "changed", "deleted")} == {0}


def test_removed_and_installed_again(ctx: Context, portal: PortalOnHttp) -> None:
    """What we have kept is taken up: a second filling heals what happened while nobody told us anything."""
    fill(ctx)
    live(portal)

    fill(ctx)
    drain_all(ctx)

    assert find_differences(ctx, portal) == []
