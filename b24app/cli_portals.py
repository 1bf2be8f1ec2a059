"""The commands about portals: `flask --app wsgi portal list | status | connect-webhook | ...`. Each asks one verb and prints."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import click
from flask.cli import AppGroup

from b24app.bitrix.budget import read_budget
from b24app.cli_words import as_json, context_of, of_portal, plain_errors, portal_of, print_rows, services
from b24app.context import WEBHOOK
from b24app.portals import registry
from b24app.portals.outgoing import forget_tokens, pin_token
from b24app.portals.rights import SERVER
from b24app.portals.session import CONNECT, OPEN
from b24app.portals.webhook import NEEDS_APP, Desk, connect
from b24app.sync.first import counts
from b24app.worker import is_alive

portal = AppGroup("portal", help="The portals that installed us, or are connected by a webhook.")


@portal.command("list")
@as_json
def list_portals(is_json: bool) -> None:
    """Show all portals."""
    rows = [asdict(one) for one in registry.list_portals(services().app_store)]
    print_rows(rows, is_json, "{member_id}  {state}  {access}  {url}")


@portal.command("status")
@of_portal
@as_json
def show_status(member_id: str, is_json: bool) -> None:
    """Show how many rows of each kind the mirror holds, what is wrong, and what is not available."""
    with plain_errors():
        ctx = context_of(member_id)
        names = ("member_id", "url", "state", "access")
        known: dict[str, Any] = {name: getattr(ctx.portal, name) for name in names}
        report = read_budget(ctx)
        troubles = sorted({trouble.code for trouble in report.troubles.values()})
        troubles += [] if is_alive(ctx.config.data_dir, time.time()) else ["worker_down"]
        state = {"troubles": troubles, "paused": report.manner.paused, "requests_of_day": report.requests()}
        state["not_available"] = [f"{part}: needs_app" for part in NEEDS_APP] if ctx.portal.access == WEBHOOK else []
        rows = counts(ctx)
        lines = [{"name": name, "value": value} for name, value in {**known, **state, **rows}.items()]
        print_rows({**known, **state, "rows": rows} if is_json else lines, is_json, "{name}: {value}")


@portal.command("connect-webhook")
@click.argument("address", default="")
@click.option(
    "--lang", type=click.Choice(["ru", "en"]), default=None, help="Language of documents; by the portal's address when not given."
)
@as_json
def connect_webhook(address: str, lang: str | None, is_json: bool) -> None:
    """Connect a portal by an administrator's incoming webhook: nothing is installed there.

    Without ADDRESS it is asked for, so that the secret stays out of the shell's history.
    """
    with plain_errors():
        tools = services()
        address = address or click.prompt("Address of the incoming webhook", hide_input=True)
        found = connect(Desk(tools.config, tools.app_store, tools.vault, tools.client_at), address, lang or "")
        print_rows([asdict(found)], is_json, "{member_id}  {state}  {url}: the worker fills the mirror now")


@portal.command("outgoing-token")
@click.argument("token", default="")
@click.option("--forget", is_flag=True, help="Accept no outgoing webhook of this portal any more.")
@of_portal
def outgoing_token(token: str, forget: bool, member_id: str) -> None:
    """Accept events that an outgoing webhook of the portal sends to URL/events; several are accepted."""
    with plain_errors():
        tools = services()
        member_id = portal_of(tools, member_id)
        if forget:
            forget_tokens(tools.app_store.by(SERVER), member_id)
            click.echo("No outgoing webhook is accepted")
            return
        token = token or click.prompt("Token of the outgoing webhook", hide_input=True)
        count = pin_token(tools.app_store.by(SERVER), tools.vault, member_id, token)
        click.echo(f"Accepted at {tools.config.url}/events; outgoing webhooks: {count}")


@portal.command("connect-link")
def connect_link() -> None:
    """Print a link to the page on which a portal is connected by a webhook; it is good for an hour."""
    tools = services()
    click.echo(f"{tools.config.url}/connect?key={tools.signer.sign_link(CONNECT)}")


@portal.command("open-link")
@of_portal
def open_link(member_id: str) -> None:
    """Print a link that opens a portal's pages in a browser, as its administrator; it is good for an hour."""
    with plain_errors():
        tools = services()
        found = registry.get_portal(tools.app_store, portal_of(tools, member_id))
        click.echo(f"{tools.config.url}/open?key={tools.signer.sign_link(OPEN, found.member_id)}")
