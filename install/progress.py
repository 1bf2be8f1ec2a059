"""How far an installation is, as the page asks for it. Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from b24app.errors import NotFound
from b24app.portals.registry import RUN
from b24app.store.cursors import find_cursor
from b24app.store.progress import list_steps
from install.job import JOB
from install.words import read_note, read_title

if TYPE_CHECKING:
    from b24app.store.mirror import PortalStores
    from b24app.store.settings import AppStore

WAITING: dict[str, Any] = {"state": "waiting", "finished": False, "steps": []}


def read_progress(app_store: AppStore, stores: PortalStores, member_id: str, lang: str) -> dict[str, Any]:
    """Return {"state": waiting|running|failed|done, "finished", "steps": [{key, title, state, done, total, note}]}.

    Steps of an earlier order are not shown: they would be all done.
    """
    run = app_store.find_setting(member_id, RUN, {}).get("name")
    try:
        store = stores.reader(member_id)
    except NotFound:
        return WAITING
    with store:
        if find_cursor(store, RUN) != run:
            return WAITING
        steps = [_step(row, lang) for row in list_steps(store, JOB)]
    states = {step["state"] for step in steps}
    finished = states == {"done"}
    state = "failed" if "failed" in states else "done" if finished else "running"
    return {"state": state, "finished": finished, "steps": steps}


def _step(row: dict[str, Any], lang: str) -> dict[str, Any]:
    shown = {name: row[name] for name in ("state", "done", "total")}
    return {"key": row["step"], "title": read_title(row["title_key"], lang), **shown, "note": read_note(row["note"], lang)}
