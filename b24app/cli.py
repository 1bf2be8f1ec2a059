"""The commands: `flask --app wsgi serve | worker | portal ... | segment ... | jobs list | backup ...`. Each asks one verb and prints."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from flask import Flask
from flask.cli import AppGroup

from b24app import jobs
from b24app.cli_persons import person
from b24app.cli_portals import portal
from b24app.cli_segments import segment
from b24app.cli_upkeep import COMMANDS as UPKEEP
from b24app.cli_words import as_json, of_portal, plain_errors, portal_of, print_rows, services
from b24app.supervisor import Supervisor, check_address, make_children

if TYPE_CHECKING:
    from b24app.config import Config
    from b24app.worker import Worker


def wire(app: Flask, config: Config, make_worker: Callable[[], tuple[Worker, Callable[[], None]]]) -> None:
    """Add the commands to the app."""

    @app.cli.command("serve")
    def serve() -> None:
        """Start the web process and the worker; stop both with Ctrl-C."""
        with plain_errors():
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

    for group in (portal, person, segment, job, *UPKEEP):
        app.cli.add_command(group)


job = AppGroup("jobs", help="Background jobs.")


@job.command("list")
@of_portal
@click.option("--state", default="", help="waiting, running, done or failed.")
@click.option("--limit", default=20)
@as_json
def show_jobs(member_id: str, state: str, limit: int, is_json: bool) -> None:
    """Show the newest background jobs."""
    with plain_errors():
        tools = services()
        found = jobs.list_jobs(tools.config, portal_of(tools, member_id), limit, state)
        print_rows([asdict(one) for one in found], is_json, "{state:<8} {kind:<12} {id}  {reason}")


def _leave() -> None:
    """End now. A job that did not come to its end in time is done by the next worker; its thread must not hold us here."""
    sys.stdout.flush()
    sys.stderr.flush()
    if threading.active_count() > 1:
        os._exit(0)
