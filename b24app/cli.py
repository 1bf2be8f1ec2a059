"""The commands: `flask --app wsgi serve | worker | portal ... | segment list | jobs list`. Each asks one verb and prints."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from b24app import jobs
from b24app.errors import AppError, NotFound
from b24app.portals import registry
from b24app.portals.session import Session
from b24app.segments.reading import list_segments
from b24app.supervisor import Supervisor, check_address, make_children
from b24app.sync.first import counts

if TYPE_CHECKING:
    from b24app.config import Config
    from b24app.context import Context
    from b24app.services import Services
    from b24app.worker import Worker

as_json = click.option("--json", "is_json", is_flag=True, help="One JSON value in place of lines for people.")
of_portal = click.option("--member-id", default="", help="Which portal; needed only when there are several.")


def wire(app: Flask, config: Config, make_worker: Callable[[], tuple[Worker, Callable[[], None]]]) -> None:
    """Add the commands to the app."""

    @app.cli.command("serve")
    def serve() -> None:
        """Start the web process and the worker; stop both with Ctrl-C."""
        with _plain_errors():
            check_address(config.bind)
            sys.exit(Supervisor(make_children(config)).run())

    @app.cli.command("worker")
    def work() -> None:
        """Start the worker alone."""
        worker, close = make_worker()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        worker.run()
        close()
        _leave()

    for group in (portal, segment, job):
        app.cli.add_command(group)


portal = AppGroup("portal", help="The portals that installed us.")
segment = AppGroup("segment", help="Segments of clients.")
job = AppGroup("jobs", help="Background jobs.")


@portal.command("list")
@as_json
def list_portals(is_json: bool) -> None:
    """Show all portals."""
    rows = [asdict(one) for one in registry.list_portals(_services().app_store)]
    _print(rows, is_json, "{member_id}  {state}  {url}")


@portal.command("status")
@of_portal
@as_json
def show_status(member_id: str, is_json: bool) -> None:
    """Show how many rows of each kind the mirror holds."""
    with _plain_errors():
        ctx = _context(member_id)
        known = {"member_id": ctx.portal.member_id, "url": ctx.portal.url, "state": ctx.portal.state}
        rows = counts(ctx)
        lines = [{"name": name, "value": value} for name, value in {**known, **rows}.items()]
        _print({**known, "rows": rows} if is_json else lines, is_json, "{name}: {value}")


@segment.command("list")
@of_portal
@as_json
def show_segments(member_id: str, is_json: bool) -> None:
    """Show the segments and how many clients are in each."""
    with _plain_errors():
        rows = [{"key": one.key, "title": one.title, "count": one.count} for one in list_segments(_context(member_id))]
        _print(rows, is_json, "{count:>8}  {key}")


@job.command("list")
@of_portal
@click.option("--state", default="", help="waiting, running, done or failed.")
@click.option("--limit", default=20)
@as_json
def show_jobs(member_id: str, state: str, limit: int, is_json: bool) -> None:
    """Show the newest background jobs."""
    with _plain_errors():
        services = _services()
        found = jobs.list_jobs(services.config, _portal_of(services, member_id), limit, state)
        _print([asdict(one) for one in found], is_json, "{state:<8} {kind:<12} {id}  {reason}")


def _context(member_id: str) -> Context:
    services = _services()
    return services.context(Session(_portal_of(services, member_id), 0, is_admin=True, sees_all=True, lang="en"))


def _portal_of(services: Services, member_id: str) -> str:
    if member_id:
        return member_id
    found = registry.list_portals(services.app_store)
    if len(found) != 1:
        raise NotFound(f"--member-id is needed: there are {len(found)} portals")
    return found[0].member_id


def _services() -> Services:
    return cast("Services", current_app.extensions["services"])


def _print(found: Any, is_json: bool, line: str) -> None:
    if is_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
    else:
        for row in found:
            click.echo(line.format(**row))


class _plain_errors:  # noqa: N801 - read as a phrase
    """Say what a person can mend without a traceback."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, AppError):
            raise click.ClickException(str(error)) from error


def _leave() -> None:
    """End now. A job that did not come to its end in time is done by the next worker; its thread must not hold us here."""
    sys.stdout.flush()
    sys.stderr.flush()
    if threading.active_count() > 1:
        os._exit(0)
