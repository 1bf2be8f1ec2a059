"""`make demo`: a portal, the app installed in it, and what to open. Ctrl-C stops all; a second start finds its data again."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from demo import portal
from demo.processes import Choice, Sandbox, StartFailed, check_port, running_app, running_sandbox

BAR = 24


def read_choice(words: list[str] | None = None) -> tuple[Choice, bool]:
    """Read the command line; the second value says whether to leave the installation to the person."""
    parser = argparse.ArgumentParser(prog="make demo ARGS=...", description=__doc__)
    parser.add_argument("--port", type=int, default=8024, help="the portal's port")
    parser.add_argument("--app-port", type=int, default=8025, help="the app's port")
    parser.add_argument("--data", type=Path, default=Path("var/demo"), help="where both keep their data")
    parser.add_argument("--contacts", type=int, default=300)
    parser.add_argument("--deals", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same company")
    parser.add_argument("--limits", choices=("cloud", "enterprise", "none"), default="cloud")
    parser.add_argument("--load", default="", help="a dataset file in place of the demo company")
    parser.add_argument("--no-install", action="store_true", help="leave the installation to you, in the browser")
    values = vars(parser.parse_args(words))
    by_hand = values.pop("no_install")
    return Choice(**{**values, "data": values["data"].resolve()}), by_hand


def main() -> int:
    """Start everything, install on the first start, then wait for Ctrl-C."""
    choice, by_hand = read_choice()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        check_port(choice.port, "--port")
        check_port(choice.app_port, "--app-port")
        choice.data.mkdir(parents=True, exist_ok=True)
        say(f"Starting a portal with {choice.contacts} contacts and {choice.deals} deals ...")
        with running_sandbox(choice) as sandbox, running_app(choice, sandbox):
            if not by_hand and not portal.is_installed(sandbox):
                install(sandbox)
            guide(sandbox, choice, by_hand)
            stop.wait()
            say("\nStopping ...")
    except (StartFailed, portal.NotDone) as error:
        say(str(error))
        return 1
    return 0


def install(sandbox: Sandbox) -> None:
    """Install the app as its page does, showing each step as it goes."""
    say("Installing the app in the portal:")
    app_url, session = portal.open_install_page(sandbox)
    shown: dict[str, str] = {}
    for progress in portal.follow_install(app_url, session):
        for step in progress["steps"]:
            show_step(step, shown)
    portal.finish_install(sandbox, app_url, session)


def show_step(step: dict[str, Any], shown: dict[str, str]) -> None:
    """Print a step when it has moved."""
    if step["state"] == "waiting":
        return
    total, done = step.get("total") or 0, step.get("done") or 0
    filled = BAR if step["state"] == "done" else (BAR * done // total if total else 0)
    line = f"  {'#' * filled:.<{BAR}} {step['title']} {f'{done}/{total}' if total else ''}"
    if shown.get(step["key"]) != line:
        shown[step["key"]] = line
        say(line)


def guide(sandbox: Sandbox, choice: Choice, by_hand: bool) -> None:
    """Say what to open and what to try."""
    deals = f"{sandbox.url}/crm/deal/kanban/"
    say(f"""
The portal:      {sandbox.url}/            (log in as anybody; the first user is the administrator)
The kanban:      {deals}
The app:         {sandbox.url}/marketplace/app/{sandbox.client_id}/
Its data:        {choice.data}

Try the main road:""")
    if by_hand:
        say("  0. Open the app and go through its installation.")
    say(f"""  1. Open {deals}, press "Robots" and put "Service offer" on the stage "Document preparation"
     with the condition: type is "Service".
  2. Drag a deal of the type "Service" to that stage.
  3. Open the deal: the offer stands in its timeline, ready to download.
  4. Open the app: the segments, their sizes and who is in them.

Ctrl-C stops everything; the next `make demo` finds its data again.""")


def say(text: str) -> None:
    """Print a line at once."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
