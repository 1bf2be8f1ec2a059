"""The log of robots: every run with its state, its answer and what it wrote. Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from sandbox import automation
from sandbox.pages.shell import Shell, in_language

if TYPE_CHECKING:
    from flask import Blueprint


def add_routes(pages: Blueprint, shell: Shell) -> None:
    """Add the log."""
    portal = shell.portal

    @pages.get("/bizproc/log/")
    def workflow_log() -> str:
        runs, lang = automation.workflows(portal, request.args.get("deal", None, int)), shell.viewer().lang
        names = {(one["CLIENT_ID"], one["CODE"]): in_language(one["NAME"], lang) for one in automation.list_robots(portal)}
        stages = {row["STATUS_ID"]: row["NAME"] for row in portal.store.find("statuses") if row["ENTITY_ID"].startswith("DEAL_STAGE")}
        deals = {row["ID"]: row["TITLE"] for row in portal.store.find("deals", {"ID": sorted({run["deal"] for run in runs})})}
        shown = [
            run
            | {
                "name": names.get((run["client_id"], run["robot"])) or run["robot"],
                "stage": stages.get(run["stage_id"], run["stage_id"]),
                "title": deals.get(run["deal"]) or f"#{run['deal']}",
            }
            for run in runs
        ]
        return shell.page("workflow_log.html", runs=shown)
