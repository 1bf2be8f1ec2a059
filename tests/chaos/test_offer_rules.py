"""Many deals come to a rule's stage at once while worker and web process are killed: one document each, and nothing hangs.

CHAOS_DEALS=1000 for as many as a thousand, which takes half an hour.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from demo import portal
from tests.chaos.processes import doomed_town
from tests.chaos.test_portal import is_ready
from tests.stories.conftest import STAGE
from tests.stories.town import CONTACT, DEAL, Town, install

pytestmark = pytest.mark.chaos

DEALS = int(os.environ.get("CHAOS_DEALS", "60"))
KILLS = 6
PER_DEAL = 6.0  # seconds at the portal's own pace of two requests a second, three to four requests a document
RULE = "service_preparation"


def test_deals_moved_at_once_get_one_document_each(tmp_path: Path) -> None:
    """Answers are lost, tokens expire, the portal is busy, processes die: exactly one document, one comment, one todo for each deal."""
    with doomed_town(tmp_path, 12, 30) as doomed:
        town = doomed.town
        town.wait("both answer", lambda: is_ready(town), 240)
        install(town)
        assert town.page().post(f"/offers/rules/{RULE}/switch", on="1").answer.status_code == 200
        client = town.add(CONTACT, name="Терпеливый")
        deals = [town.add(DEAL, title=f"Сервис {n}", typeId="SERVICE", contactId=client, opportunity=100 + n) for n in range(DEALS)]
        faults = [
            {"kind": "unanswered", "count": None, "share": 0.02, "client": town.sandbox.client_id},
            {"kind": "503", "count": None, "share": 0.02, "client": town.sandbox.client_id},
        ]
        portal.control(town.sandbox, "faults", seed=7, calls=faults)
        with doomed.killed_meanwhile((2.0, 12.0)) as killer:
            for deal in deals:
                town.update(DEAL, deal, stageId=STAGE)
            while killer.kills < KILLS:
                time.sleep(0.5)

        town.wait("every deal has its offer", lambda: count_done(town) == DEALS, DEALS * PER_DEAL + 300)
        assert {len(town.documents(deal)) for deal in deals} == {1}
        assert {len(list_todos(town, deal)) for deal in deals} == {1}
        assert [line for line in town.log() if line["event"] == "unforeseen error"] == []


def count_done(town: Town) -> int:
    """Return how many entries have their offer."""
    return int(town.rows("SELECT count(*) AS number FROM offer_entry WHERE state = 'done'")[0]["number"])


def list_todos(town: Town, deal: int) -> list[dict[str, object]]:
    """Return a deal's todos."""
    return list(town.call("crm.activity.list", filter={"OWNER_TYPE_ID": DEAL, "OWNER_ID": deal}, select=["ID"]))
