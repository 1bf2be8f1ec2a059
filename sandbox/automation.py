"""Robots on the stages of deals: rules, and the runs that start when a deal enters a stage.

Rules of a stage run in order. A robot that waits (USE_SUBSCRIPTION not "N") holds the chain until bizproc.event.send, a failed
delivery or the time-out. Owns the tables of rules, chains and runs; robots themselves are registered by `methods.bizproc`.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from sandbox import auth_block
from sandbox.conditions import are_met, check_condition
from sandbox.forms import write_form
from sandbox.outbox import SLOW, Letter, Outbox
from sandbox.robot_calls import body_of, is_for_deals, new_event_token, new_workflow_code, resolve_properties, waits
from sandbox.store import Section, Where

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.portal import Portal
    from sandbox.records import Change
    from sandbox.rest import Record

SECTIONS = (
    Section.declare(
        "robots",
        "ID:integer CLIENT_ID:string CODE:string HANDLER:string AUTH_USER_ID:integer USE_SUBSCRIPTION:string NAME:json DESCRIPTION:json "
        "PROPERTIES:json RETURN_PROPERTIES:json DOCUMENT_TYPE:json FILTER:json USE_PLACEMENT:string PLACEMENT_HANDLER:string",
        "CLIENT_ID,CODE",
    ),
    Section.declare(
        "stage_rules",
        "ID:integer CATEGORY_ID:integer STAGE_ID:string CLIENT_ID:string ROBOT:string CONDITIONS:json PROPERTIES:json SORT:integer",
        "CATEGORY_ID,STAGE_ID",
    ),
    # A chain: the rules of one entry of one deal into one stage. NEXT: the rules that have not run yet.
    Section.declare("workflows", "ID:integer CODE:string DEAL_ID:integer CATEGORY_ID:integer STAGE_ID:string NEXT:json STARTED:datetime"),
    Section.declare(
        "robot_runs",
        "ID:integer WORKFLOW_ID:integer RULE_ID:integer CLIENT_ID:string ROBOT:string DEAL_ID:integer EVENT_TOKEN:string STATE:string "
        "PROPERTIES:json RETURN_VALUES:json LOG:json STARTED:datetime FINISHED:datetime DEADLINE:double ERROR:string",
        "EVENT_TOKEN",
        "STATE",
        "DEAL_ID",
    ),
)
# waiting -> answered | failed | timeout; done: does not wait; skipped: conditions; blocked: the robot is no more
WAITING, ANSWERED, FAILED, TIMEOUT, DONE, SKIPPED, BLOCKED = "waiting", "answered", "failed", "timeout", "done", "skipped", "blocked"

TIME_OUT = 3600  # seconds; the setting "robot_time_out" overrides it
TICK = 1.0


class Automation:
    """Listens to deals, runs robots, ends those that wait too long."""

    def __init__(self, portal: Portal, outbox: Outbox) -> None:
        self._portal, self._store, self._outbox = portal, portal.store, outbox
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        outbox.told["robot"] = self._delivered

    def start(self) -> None:
        """Start the watch over time-outs."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._watch, name="automation", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the watch; runs go on waiting at the next start."""
        self._stop.set()
        if self._thread:
            self._thread.join()
            self._thread = None

    def on_change(self, change: Change) -> None:
        """Start a chain when a deal has entered a stage."""
        if change.section != "deals" or change.kind == "delete" or change.is_import:
            return
        if change.kind == "update" and not (change.changed("STAGE_ID") or change.changed("CATEGORY_ID")):
            return
        category, stage = int(change.after.get("CATEGORY_ID") or 0), change.after["STAGE_ID"]
        rules = self._store.find("stage_rules", {"CATEGORY_ID": category, "STAGE_ID": stage}, order='"SORT", "ID"')
        if rules:
            self.start_chain(change.after, [rule["ID"] for rule in rules])

    def start_chain(self, deal: Record, rule_ids: Sequence[int]) -> str:
        """Run rules for a deal, one after another; return the chain's code."""
        chain = {"CODE": new_workflow_code(), "DEAL_ID": deal["ID"], "CATEGORY_ID": int(deal.get("CATEGORY_ID") or 0)}
        chain |= {"STAGE_ID": deal["STAGE_ID"], "NEXT": list(rule_ids), "STARTED": self._portal.clock.stamp()}
        self.go_on(int(self._store.insert("workflows", chain)))
        return str(chain["CODE"])

    def go_on(self, workflow_id: int) -> None:
        """Run the chain's next robots, up to one that waits or to the end."""
        with self._store.write():
            while (chain := self._store.get("workflows", workflow_id)) and chain["NEXT"]:
                self._store.save("workflows", workflow_id, {"NEXT": chain["NEXT"][1:]})
                rule = self._store.get("stage_rules", chain["NEXT"][0])
                deal = self._store.get("deals", chain["DEAL_ID"])
                if deal is None:
                    self._store.save("workflows", workflow_id, {"NEXT": []})
                elif rule and self._run(chain, rule, deal) == WAITING:
                    return

    def _run(self, chain: Record, rule: Record, deal: Record) -> str:
        """Run one rule; return the state of its run."""
        robot = find_robot(self._portal, rule["CLIENT_ID"], rule["ROBOT"])
        run = self._new_run(chain, rule)
        app = self._store.get("apps", rule["CLIENT_ID"])
        if not are_met(rule["CONDITIONS"] or [], deal):
            self._keep(run, SKIPPED)
            return SKIPPED
        if robot is None or app is None or not app["INSTALLED"]:
            self._keep(run, BLOCKED, "the robot is no more, or its application is not installed to the end")
            return BLOCKED
        is_waiting = waits(robot)
        seconds = int(self._store.setting("robot_time_out", TIME_OUT)) if is_waiting else 0
        run["PROPERTIES"] = resolve_properties(robot, rule["PROPERTIES"] or {}, deal)
        run["DEADLINE"] = self._portal.clock.unix() + seconds
        state = WAITING if is_waiting else DONE
        key = self._keep(run, state)
        self._post(robot, key, body_of(chain, robot, run, seconds))
        return state

    def _post(self, robot: Record, key: int, body: dict[str, Any]) -> None:
        body["ts"] = int(self._portal.clock.unix())
        body["auth"] = auth_block.of_robot(self._portal, robot["CLIENT_ID"], robot["AUTH_USER_ID"])
        self._outbox.post([Letter("robot", robot["CODE"], robot["HANDLER"], write_form(body), key)])

    def _new_run(self, chain: Record, rule: Record) -> Record:
        run = {"WORKFLOW_ID": chain["ID"], "RULE_ID": rule["ID"], "CLIENT_ID": rule["CLIENT_ID"], "ROBOT": rule["ROBOT"]}
        return {**run, "DEAL_ID": chain["DEAL_ID"], "EVENT_TOKEN": new_event_token(chain["ID"], rule["ID"]), "LOG": []}

    def _keep(self, run: Record, state: str, error: str = "") -> int:
        now = self._portal.clock.stamp()
        finished = None if state == WAITING else now
        return int(self._store.insert("robot_runs", {**run, "STATE": state, "ERROR": error, "STARTED": now, "FINISHED": finished}))

    def answer(self, token: str, client_id: str | None, values: Mapping[str, Any], message: str) -> bool:
        """Take a robot's answer; return False for a token that is unknown, used, or another application's."""
        with self._store.write():
            run = self._waiting_run(token, client_id)
            if run is None:
                return False
            robot = find_robot(self._portal, run["CLIENT_ID"], run["ROBOT"])
            declared = (robot or {}).get("RETURN_PROPERTIES") or {}
            kept = {name: value for name, value in values.items() if name in declared}
            self._end(run, ANSWERED, "", {"RETURN_VALUES": kept, "LOG": self._logged(run, message)})
        self.go_on(run["WORKFLOW_ID"])
        return True

    def write_log(self, token: str, client_id: str | None, message: str) -> bool:
        """Add a line to the log of a robot that waits; return False for a token that is not one's."""
        with self._store.write():
            run = self._waiting_run(token, client_id)
            if run is not None:
                self._store.save("robot_runs", run["ID"], {"LOG": self._logged(run, message)})
        return run is not None

    def _waiting_run(self, token: str, client_id: str | None) -> Record | None:
        found = self._store.find("robot_runs", {"EVENT_TOKEN": token, "STATE": WAITING}, limit=1) if token else []
        return found[0] if found and client_id in (None, found[0]["CLIENT_ID"]) else None

    def _logged(self, run: Record, message: str) -> list[Any]:
        line = [{"time": self._portal.clock.stamp(), "text": message}] if message else []
        return [*(run["LOG"] or []), *line]

    def _end(self, run: Record, state: str, error: str = "", more: Mapping[str, Any] | None = None) -> None:
        ended = {"STATE": state, "ERROR": error, "FINISHED": self._portal.clock.stamp(), **(more or {})}
        self._store.save("robot_runs", run["ID"], ended)

    def _delivered(self, letter: Record) -> None:
        """Hear what came of a robot's post. One that nobody took is failed; a slow one may still answer, so it waits on."""
        if not letter["ERROR"]:
            return
        with self._store.write():
            run = self._store.get("robot_runs", letter["REF_ID"])
            if run is None or run["STATE"] not in (WAITING, DONE):
                return
            if letter["ERROR"] == SLOW:
                self._store.save("robot_runs", run["ID"], {"LOG": self._logged(run, letter["ERROR"])})
                return
            self._end(run, FAILED, letter["ERROR"])
        if run["STATE"] == WAITING:
            self.go_on(run["WORKFLOW_ID"])

    def end_late(self) -> int:
        """End the runs whose time is over and go on with their chains; return how many."""
        late = self._store.find("robot_runs", {"STATE": WAITING}, Where('"DEADLINE" < ?', (self._portal.clock.unix(),)))
        for run in late:
            with self._store.write():
                if not self._waiting_run(run["EVENT_TOKEN"], None):
                    continue
                self._end(run, TIMEOUT, "no answer in time")
            self.go_on(run["WORKFLOW_ID"])
        return len(late)

    def _watch(self) -> None:
        while not self._stop.wait(TICK):
            self.end_late()


def find_robot(portal: Portal, client_id: str, code: str) -> Record | None:
    """Return a registered robot."""
    found = portal.store.find("robots", {"CLIENT_ID": client_id, "CODE": code}, limit=1)
    return found[0] if found else None


def forget_app(portal: Portal, client_id: str) -> None:
    """Remove an application's robots; stages keep their rules, which are blocked now."""
    portal.store.delete_where("robots", {"CLIENT_ID": client_id})


def list_robots(portal: Portal) -> list[Record]:
    """Return the robots of all applications: what the designer of a stage offers."""
    return portal.store.find("robots")


def add_rule(portal: Portal, asked: Mapping[str, Any]) -> int:
    """Put a robot on a stage: category_id, stage_id, robot, client_id, conditions, properties, sort. Raises ValueError."""
    category, stage = int(asked.get("category_id") or 0), str(asked.get("stage_id") or "")
    if portal.stages.find("deals", stage, category) is None:
        raise ValueError(f"pipeline {category} has no stage {stage!r}")
    place = {"CATEGORY_ID": category, "STAGE_ID": stage, "SORT": int(asked.get("sort") or 100)}
    return int(portal.store.insert("stage_rules", _read_rule(portal, asked) | place))


def add_step(portal: Portal, asked: Mapping[str, Any]) -> int:
    """Keep a rule that stands on no stage, for a template of workflows. Raises ValueError."""
    return int(portal.store.insert("stage_rules", _read_rule(portal, asked)))


def _read_rule(portal: Portal, asked: Mapping[str, Any]) -> Record:
    code, client_id = str(asked.get("robot") or ""), str(asked.get("client_id") or "")
    robot = find_robot(portal, client_id, code)
    if robot is None:
        raise ValueError(f"no robot {code!r} of the application {client_id!r}")
    if not is_for_deals(robot):
        raise ValueError(f"the robot {code!r} is not for deals")
    conditions = [check_condition(condition) for condition in asked.get("conditions") or []]
    return {"CLIENT_ID": client_id, "ROBOT": code, "CONDITIONS": conditions, "PROPERTIES": dict(asked.get("properties") or {})}


def list_rules(portal: Portal, category_id: int | None = None) -> list[dict[str, Any]]:
    """Return the rules of one pipeline or of all, in the order they run, as `add_rule` takes them, with `id` and `blocked`."""
    on_stage = Where('"STAGE_ID" IS NOT NULL')
    on_stage &= Where() if category_id is None else Where('"CATEGORY_ID" = ?', (category_id,))
    robots = {(robot["CLIENT_ID"], robot["CODE"]) for robot in list_robots(portal)}
    return [
        {name.lower(): rule[name] for name in rule} | {"blocked": (rule["CLIENT_ID"], rule["ROBOT"]) not in robots}
        for rule in portal.store.find("stage_rules", where=on_stage, order='"CATEGORY_ID", "STAGE_ID", "SORT", "ID"')
    ]


def remove_rule(portal: Portal, rule_id: int) -> None:
    """Take a robot off a stage; runs that wait go on waiting."""
    portal.store.delete("stage_rules", rule_id)


def workflows(portal: Portal, deal_id: int | None = None, limit: int = 200) -> list[dict[str, Any]]:
    """Return the runs of robots, newest first, for people and for tests."""
    chosen = {} if deal_id is None else {"DEAL_ID": deal_id}
    runs = portal.store.find("robot_runs", chosen, order='"ID" DESC', limit=limit)
    chains = {chain["ID"]: chain for chain in portal.store.find("workflows", {"ID": list({run["WORKFLOW_ID"] for run in runs})})}
    return [_report(run, chains[run["WORKFLOW_ID"]]) for run in runs]


def _report(run: Record, chain: Record) -> dict[str, Any]:
    return {
        "id": run["ID"],
        "workflow_id": chain["CODE"],
        "robot": run["ROBOT"],
        "client_id": run["CLIENT_ID"],
        "deal": run["DEAL_ID"],
        "category_id": chain["CATEGORY_ID"],
        "stage_id": chain["STAGE_ID"],
        "event_token": run["EVENT_TOKEN"],
        "state": run["STATE"],
        "properties": run["PROPERTIES"] or {},
        "return_values": run["RETURN_VALUES"] or {},
        "log": run["LOG"] or [],
        "error": run["ERROR"] or "",
        "started": run["STARTED"],
        "finished": run["FINISHED"],
    }
