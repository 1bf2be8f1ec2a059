"""Start and stop the portal and the app as separate processes. Owns children, never their data."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import requests

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 240.0


class StartFailed(Exception):
    """A process did not start; the sentence says what to do."""


@dataclass(frozen=True)
class Sandbox:
    """What the portal says of itself in its first line of output."""

    url: str
    webhook: str
    client_id: str
    client_secret: str
    oauth_url: str
    member_id: str
    js_url: str


@dataclass(frozen=True)
class Choice:
    """What to start: ports, where the data live, how large the company is."""

    data: Path
    port: int = 8024
    app_port: int = 8025
    contacts: int = 300
    deals: int = 1000
    seed: int = 1
    limits: str = "cloud"
    load: str = ""

    @property
    def app_url(self) -> str:
        """The app's public address."""
        return f"http://127.0.0.1:{self.app_port}"


def check_port(port: int, option: str) -> None:
    """Pass when nobody listens on the port, else raise StartFailed that says how to choose another."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StartFailed(f"Port {port} is taken. Choose another: make demo ARGS='{option} {port + 1000}'") from error


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def child(command: list[str], log: Path, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Run a process in a group of its own; at the end ask it to stop, after ten seconds make it."""
    with log.open("a", encoding="utf-8") as sink:
        process = subprocess.Popen(command, cwd=ROOT, stderr=sink, text=True, start_new_session=True, **{"stdout": sink, **options})  # nosec B603
        try:
            yield process
        finally:
            stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    """Stop a process and its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout:
        process.stdout.close()


@contextlib.contextmanager
def running_sandbox(choice: Choice) -> Iterator[Sandbox]:
    """Run the portal; what it keeps is in `choice.data/portal`."""
    log = choice.data / "portal.log"
    options = ["--port", choice.port, "--data", choice.data / "portal", "--limits", choice.limits, "--app", choice.app_url]
    company = ["--load", choice.load] if choice.load else ["--company", "demo", "--contacts", choice.contacts, "--deals", choice.deals]
    command = [sys.executable, "-m", "sandbox", "serve", *map(str, options), *map(str, company), "--seed", str(choice.seed)]
    with child(command, log, stdout=subprocess.PIPE) as process:
        yield Sandbox(**json.loads(first_line(process.stdout, log)))


def first_line(stream: IO[str] | None, log: Path) -> str:
    """Return the portal's first line of output, or raise StartFailed with the end of its log."""
    line = stream.readline() if stream else ""
    if not line.startswith("{"):
        raise StartFailed(f"The portal did not start; the end of {log}:\n{tail(log)}")
    return line


@contextlib.contextmanager
def running_app(choice: Choice, sandbox: Sandbox) -> Iterator[dict[str, str]]:
    """Run the web app and the worker under their supervisor; yield the environment that they got."""
    settings = {
        "CLIENT_ID": sandbox.client_id,
        "CLIENT_SECRET": sandbox.client_secret,
        "URL": choice.app_url,
        "PORTALS": sandbox.url,
        "OAUTH_URL": sandbox.oauth_url,
        "JS_URL": sandbox.js_url,
        "DATA_DIR": str(choice.data / "app"),
        "BIND": f"127.0.0.1:{choice.app_port}",
    }
    environment = {**os.environ, **{f"B24APP_{name}": value for name, value in settings.items()}}
    log = choice.data / "app.log"
    with child([sys.executable, "-m", "flask", "--app", "wsgi", "serve"], log, env=environment) as process:
        wait_until_ready(choice.app_url, process, log)
        yield environment


def wait_until_ready(url: str, process: subprocess.Popen[str], log: Path) -> None:
    """Return when web and worker both answer for themselves, or raise StartFailed with the end of the log."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(requests.ConnectionError, requests.Timeout):
            if requests.get(f"{url}/readyz", timeout=5).ok:
                return
        time.sleep(0.1)
    raise StartFailed(f"The app did not start; the end of {log}:\n{tail(log)}")


def ask_app(environment: dict[str, str], *words: str) -> Any:
    """Run a command of the app that answers in JSON, as an administrator would: `flask --app wsgi WORDS --json`."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *words, "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)  # nosec B603
    return json.loads(done.stdout)


def tail(path: Path, lines: int = 15) -> str:
    """Return the last lines of a log."""
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
