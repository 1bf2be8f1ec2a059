"""A first sync that is killed in the middle of anything goes on without a gap or a double."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from b24app.store.changes import count_changes
from b24app.sync.first import counts, first_sync
from tests.fakes import FakeBitrix, worker_context

ROOT = Path(__file__).parents[3]
DEALS = 40


def portal() -> FakeBitrix:
    """The same portal in both processes."""
    bitrix = FakeBitrix(stream_size=4)
    for number in range(1, DEALS + 1):
        bitrix.put(2, number, title=f"Deal {number}", contactIds=[number, 7])
        bitrix.move(number, number, "NEW")
        bitrix.put_activity(number, OWNER_ID=str(number), COMMUNICATIONS=[{"TYPE": "PHONE", "VALUE": "+7", "ENTITY_ID": "5"}])
        bitrix.product_rows.append({"id": 1000 + number, "ownerId": number, "ownerType": "D", "price": number})
    return bitrix


def die(directory: str, after: int, method: str = "crm.item.list") -> None:
    """Sync, and end without a farewell before the given question, counted from 1."""
    bitrix = portal()
    for _ in range(after - 1):
        bitrix.before(method, lambda: None)
    bitrix.before(method, lambda: os._exit(9))
    with worker_context(Path(directory), bitrix) as ctx:
        first_sync(ctx)


@pytest.mark.parametrize("after", [2, 9, 14])
def test_killed_first_sync_resumes(tmp_path: Path, after: int) -> None:
    """What was committed is not read again, what was not is."""
    script = f"from tests.b24app.sync.test_killed import die; die({str(tmp_path)!r}, {after})"
    killed: Any = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, capture_output=True)
    bitrix = portal()

    with worker_context(tmp_path, bitrix) as ctx:
        here = counts(ctx)["deal"]
        rows = first_sync(ctx)

        assert killed.returncode == 9, killed.stderr
        assert (rows["deal"], rows["product_row"]) == (DEALS, DEALS)
        assert ctx.store.row("SELECT count(*) AS n, sum(contact_id) AS total FROM deal_contact") == {"n": 79, "total": 820 + 39 * 7}
        assert count_changes(ctx.store) == 0
        assert bitrix.calls.count("crm.item.list") == (2 if here else 8) + (DEALS - here) // 4


@pytest.mark.parametrize("method", ["crm.activity.list", "crm.stagehistory.list", "crm.item.productrow.list"])
@pytest.mark.parametrize("after", [1, 3, 7])
def test_killed_in_other_lists_it_resumes_too(tmp_path: Path, method: str, after: int) -> None:
    """The old family's lists and what belongs to deals have their checkpoints as well."""
    script = f"from tests.b24app.sync.test_killed import die; die({str(tmp_path)!r}, {after}, {method!r})"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, capture_output=True)

    with worker_context(tmp_path, portal()) as ctx:
        rows = first_sync(ctx)

        assert (rows["activity"], rows["deal_stage_history"], rows["product_row"]) == (DEALS, DEALS, DEALS)
        assert ctx.store.row("SELECT count(*) AS n FROM activity_party") == {"n": DEALS}
        assert count_changes(ctx.store) == 0
