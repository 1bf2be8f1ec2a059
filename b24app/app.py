"""Puts everything together: the web process's Flask app and the worker. The only module that knows everybody.

Each process makes its own tools, after a fork. Nothing happens at import.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Flask, g
from werkzeug.middleware.proxy_fix import ProxyFix

import handlers.quick
import handlers.routes
import install.equal
import install.job
import install.routes
import pages.routes
import robots.routes
import robots.run
import robots.shown
import robots.waiting
from b24app import cli, web
from b24app.bitrix.budget import budget_file
from b24app.bitrix.client import ROOT, Client
from b24app.bitrix.door import Door
from b24app.bitrix.limits import BULK, EVENTS, INTERACTIVE, Lane
from b24app.bitrix.oauth import OAuth
from b24app.config import Config
from b24app.context import Context, Portal, Viewer
from b24app.documents.entries import run_again, work_entries
from b24app.documents.links import refresh_pdfs
from b24app.documents.lives import ask_about, make_version, mark_offer
from b24app.drain import reconcile, renew, take_queue
from b24app.errors import BitrixGone
from b24app.figures import Figures
from b24app.jobs import Jobs
from b24app.keys import FILE as KEY_FILE
from b24app.keys import KeyRing
from b24app.leaving import take_away
from b24app.log import PortalLog
from b24app.portals import registry
from b24app.portals.access import Proven
from b24app.portals.manner import find_manner
from b24app.portals.rights import find_viewer
from b24app.portals.session import Session, Signer
from b24app.portals.tokens import BorrowedTokens, NoTokens, StoredTokens
from b24app.portals.troubles import Watch
from b24app.portals.vault import Vault
from b24app.portals.webhook import find_root
from b24app.privacy.person import erase_ordered
from b24app.privacy.retention import keep_to_days
from b24app.pursuit import Kind
from b24app.segments.announce import announce
from b24app.segments.lists import change_list, freeze, import_lines
from b24app.segments.membership import refresh
from b24app.segments.write_back import disable, enable, write_back
from b24app.services import Services
from b24app.store.inbox import Inbox, InboxReader, Upkeep
from b24app.store.mirror import PortalStore, PortalStores
from b24app.store.settings import AppStore
from b24app.sync.offline import SETTING as OFFLINE
from b24app.timers import TIMERS, Timer
from b24app.upkeep import list_passed, oldest_kept
from b24app.worker import Desk, Worker, is_trouble, let_go

Work = Callable[[Context, dict[str, Any]], Any]


@dataclass(frozen=True)
class Duty:
    """A kind of job: what does it, what is done last when it has failed for good, and whether it is long (see `pursuit.Kind`).

    Somebody waits for what is not long: its requests go before mass reads.
    """

    run: Work
    give_up: Work | None = None
    is_long: bool = False


# Every kind of job, by the name under which it is ordered.
KINDS: Mapping[str, Duty] = {
    "install": Duty(install.job.install_job, install.job.give_up, is_long=True),
    "register": Duty(lambda ctx, _: install.equal.register(ctx), is_long=True),
    "robot_call": Duty(robots.run.run_call, robots.run.give_up),
    "run_again": Duty(robots.run.run_again),
    "wake_calls": Duty(lambda ctx, _: robots.waiting.wake(ctx), lambda ctx, _: robots.waiting.give_up(ctx)),
    "sweep": Duty(lambda ctx, payload: reconcile(ctx, bool(payload.get("full"))), is_long=True),
    "offline": Duty(lambda ctx, _: take_queue(ctx), is_long=True),
    "reconcile": Duty(lambda ctx, payload: reconcile(ctx, True, str(payload.get("kind", "nightly"))), is_long=True),
    "model": Duty(lambda ctx, _: renew(ctx), is_long=True),
    "refresh": Duty(lambda ctx, _: refresh(ctx, None), is_long=True),
    "import_list": Duty(import_lines),
    "change_list": Duty(change_list),
    "freeze": Duty(freeze),
    "membership_changed": Duty(lambda ctx, _: announce(ctx), is_long=True),
    "write_back": Duty(lambda ctx, _: write_back(ctx), is_long=True),
    "write_back_on": Duty(lambda ctx, payload: enable(ctx, bool(payload.get("deals"))), is_long=True),
    "write_back_off": Duty(lambda ctx, _: disable(ctx)),
    "retention": Duty(lambda ctx, _: keep_to_days(ctx), is_long=True),
    "erase": Duty(lambda ctx, _: erase_ordered(ctx)),
    "leave": Duty(lambda ctx, _: take_away(ctx)),
    "offer_rules": Duty(lambda ctx, _: work_entries(ctx), is_long=True),
    "offer_todos": Duty(lambda ctx, _: ask_about(ctx), is_long=True),
    "entry_again": Duty(lambda ctx, payload: run_again(ctx, str(payload["key"]))),
    "mark_offer": Duty(mark_offer),
    "new_version": Duty(make_version),
    "pdf": Duty(lambda ctx, _: refresh_pdfs(ctx), is_long=True),
}
# What time alone orders. Two jobs of such a kind never work at once in one portal.
BY_TIME: tuple[Timer, ...] = (*TIMERS, Timer("register", install.equal.register_moment))
TIMED = frozenset(timer.kind for timer in BY_TIME)
BLUEPRINTS = (install.routes.blueprint, handlers.routes.blueprint, robots.routes.blueprint, pages.routes.blueprint)


@dataclass
class Toolbox:
    """What both processes have: the stores, the vault, the way to the portals."""

    config: Config
    process: str  # web | worker | cli
    app_store: AppStore = field(init=False)
    stores: PortalStores = field(init=False)
    vault: Vault = field(init=False)
    door: Door = field(init=False)
    oauth: OAuth = field(init=False)
    _tokens: dict[str, StoredTokens] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.vault = Vault(KeyRing(self.config.secret_key, self.config.data_dir / KEY_FILE))
        self.app_store = AppStore(self.config.data_dir / "app.db")
        self.stores = PortalStores(self.config.data_dir)
        self.door = Door(self.config.portals, self.config.data_dir)
        self.oauth = OAuth(self.config, self.door.session)

    def tokens(self, member_id: str) -> StoredTokens:
        """Return the portal's tokens: one object a process, because it holds the lock of their renewal."""
        path = self.stores.path(member_id).with_suffix(".lock")
        return self._tokens.setdefault(member_id, StoredTokens(self.app_store, self.vault, self.oauth, member_id, path))

    def client(self, portal: Portal) -> Client:
        """Return a client with the installer's tokens, or by the portal's webhook; the worker's can also read in bulk."""
        make = self.door.bulk_client if self.process == "worker" else self.door.client
        family = self.app_store.find_setting(portal.member_id, registry.LICENSE_FAMILY, "")
        root = find_root(self.app_store, self.vault, portal)
        place = self.door.place(portal.url, root or ROOT, lambda url: registry.move(self.app_store, portal.member_id, url))
        client = make(place, NoTokens() if root else self.tokens(portal.member_id), family)
        client.budget.be(find_manner(self.app_store, portal))
        queue = self.app_store.find_setting(portal.member_id, OFFLINE) or {}
        return replace(client, connector=queue.get("connector", ""))

    def client_by(self, origin: str, access_token: str) -> Client:
        """Return a client by the token of a frame. Its pace is the portal's as we know it, from an earlier installation too:
        all processes fill one bucket, and a slower one would wait behind requests that need no waiting."""
        known = next((row["member_id"] for row in self.app_store.list_portals() if row["url"] == origin), None)
        family = self.app_store.find_setting(known, registry.LICENSE_FAMILY, "") if known else ""
        return self.door.client(origin, BorrowedTokens(access_token), family)

    def client_at(self, origin: str, root: str) -> Client:
        """Return a client by a webhook that is not kept yet."""
        return self.door.client(self.door.place(origin, root), NoTokens())

    def context(self, portal: Portal, viewer: Viewer, store: PortalStore, lang: str) -> Context:
        """Return what every verb of a room takes first."""
        log = PortalLog(logging.getLogger("b24app"), {"portal": portal.member_id})
        return Context(portal, viewer, self.config, self.app_store, store, self.client(portal), log, lang=lang)

    def worker_context(self, portal: Portal, lane: Lane = EVENTS) -> Context:
        """Return a context of the app itself, over the portal's one writer. `lane`: whose requests go first."""
        ctx = self.context(portal, Viewer.system(), self.stores.writer(portal.member_id), portal.lang)
        return replace(ctx, bitrix=replace(ctx.bitrix, lane=lane))

    def remove(self, member_id: str) -> None:
        """Forget all that is kept of a portal. Of the worker alone: the mirror is its file."""
        self._tokens.pop(member_id, None)
        portal = registry.find_portal(self.app_store, member_id)
        if portal and portal.url not in [other.url for other in registry.list_portals(self.app_store) if other != portal]:
            (self.config.data_dir / budget_file(portal.url)).unlink(missing_ok=True)
        self.stores.remove(member_id)
        self.stores.path(member_id).with_suffix(".lock").unlink(missing_ok=True)
        self.app_store.remove_portal(member_id)

    def close(self) -> None:
        """Let go of every file and connection."""
        self.door.close()
        self.stores.close()
        self.app_store.close()


def create_app(config: Config) -> Flask:
    """Return the web process's app. Opens app.db; the inbox is opened by the first who needs it."""
    app = Flask("b24app", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=config.max_body, MAX_FORM_MEMORY_SIZE=config.max_body)
    tools = Toolbox(config, "web")
    app.extensions["services"] = make_services(tools)
    app.extensions["toolbox"] = tools
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    web.wire(app)
    if config.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    app.wsgi_app = handlers.quick.QuickEvents(app.wsgi_app, lambda: app.extensions["services"])  # type: ignore[method-assign]
    cli.wire(app, config, lambda: create_worker(config))
    return app


def close_app(app: Flask) -> None:
    """Save what waits and let go of everything that `create_app` opened."""
    app.extensions["services"].inbox.close()
    app.extensions["toolbox"].close()


def make_services(tools: Toolbox) -> Services:
    """Return what the edges find under `current_app.extensions["services"]`."""

    def context(session: Session) -> Context:
        portal = registry.get_portal(tools.app_store, session.member_id)
        store = tools.stores.reader(portal.member_id)
        g.setdefault(web.OPENED, []).append(store)
        viewer = find_viewer(tools.app_store, store, session)
        return replace(tools.context(portal, viewer, store, session.lang), app_store=tools.app_store.by(session.user_id))

    upkeep = Upkeep(lambda: list_passed(tools.app_store, tools.stores), lambda: oldest_kept(tools.config))
    return Services(
        config=tools.config,
        app_store=tools.app_store,
        inbox=Inbox(tools.config.data_dir / "inbox.db", upkeep),
        stores=tools.stores,
        vault=tools.vault,
        oauth=tools.oauth,
        signer=Signer(tools.vault.ring),
        context=context,
        client_for=tools.client_by,
        client_at=tools.client_at,
        proven=Proven(),
        robots=robots.shown.list_shown(),
    )


def create_worker(config: Config) -> tuple[Worker, Callable[[], None]]:
    """Return the worker, and what closes its tools when it has come to its end."""
    tools = Toolbox(config, "worker")
    watch, figures = Watch(tools.app_store, tools.door.budgets), Figures()
    desk = Desk(
        config=config,
        app_store=tools.app_store,
        reader=InboxReader(config.data_dir / "inbox.db"),
        jobs=Jobs(config, make_kinds(tools, watch), figures),
        context=tools.worker_context,
        remove=tools.remove,
        watch=watch,
        timers=BY_TIME,
        figures=figures,
    )
    return Worker(desk), tools.close


def make_kinds(tools: Toolbox, watch: Watch) -> dict[str, Kind]:
    """Give every kind of job its portal's context; its troubles are noted, a portal that is gone is dismissed on the way."""

    def with_context(name: str, work: Work, lane: Lane) -> Callable[[str, dict[str, Any]], None]:
        def run(member_id: str, payload: dict[str, Any]) -> None:
            portal = registry.get_portal(tools.app_store, member_id)
            try:
                ctx = tools.worker_context(portal, lane)
                # After a kill the job that was under way goes on beside the one that the clock orders anew.
                with ctx.store.turn(f"job {name}") if name in TIMED else nullcontext():
                    work(ctx, payload)
            except Exception as error:
                if is_trouble(error):
                    watch.note_failure(member_id, name, error)
                if isinstance(error, BitrixGone):
                    let_go(tools.app_store, portal, error)
                raise
            watch.note_success(member_id, name)

        return run

    def kind(name: str, duty: Duty) -> Kind:
        lane = BULK if duty.is_long else INTERACTIVE
        last = with_context(name, duty.give_up, lane) if duty.give_up else None
        return Kind(with_context(name, duty.run, lane), last, duty.is_long)

    return {name: kind(name, duty) for name, duty in KINDS.items()}
