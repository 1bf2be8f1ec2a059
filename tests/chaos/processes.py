"""Processes that are killed: alone, or as the web process and the worker of a town."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from b24app.config import Config
from b24app.supervisor import make_children
from demo.processes import ROOT, Choice, Sandbox, free_port, running_sandbox
from tests.stories.town import Town


@dataclass
class Process:
    """A process that is killed with all its children and started again."""

    command: list[str]
    environment: dict[str, str]
    log: Path
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it in a process group of its own."""
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, start_new_session=True, stdout=log, stderr=subprocess.STDOUT
            )

    def kill(self) -> None:
        """kill -9, the whole group."""
        if self.running is not None:
            os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()


@dataclass
class Killer:
    """Kills one of them after a random time and starts it again, over and over; remembers how often."""

    victims: tuple[Process, ...]
    pause: tuple[float, float]
    kills: int = 0
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Killer:
        self._thread = threading.Thread(target=self._kill)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        assert self._thread is not None
        self._thread.join()

    def _kill(self) -> None:
        while not self._stopping.wait(random.uniform(*self.pause)):
            victim = random.choice(self.victims)
            victim.kill()
            victim.start()
            self.kills += 1


@dataclass
class Doomed:
    """A town whose web process and worker have no supervisor: the test kills them and starts them again."""

    town: Town
    web: Process
    worker: Process

    def killed_meanwhile(self, pause: tuple[float, float]) -> Killer:
        """Kill both by turns while a block runs."""
        return Killer((self.web, self.worker), pause)


@contextmanager
def doomed_town(folder: Path, contacts: int, deals: int, **settings: Any) -> Iterator[Doomed]:
    """Start a portal, the web process and the worker; stop all at the end."""
    choice = Choice(folder, free_port(), free_port(), contacts, deals, seed=5, limits="none")
    with running_sandbox(choice) as sandbox:
        environment = {**os.environ, **settings_of(choice, sandbox), **{f"B24APP_{name}": str(value) for name, value in settings.items()}}
        children = make_children(Config.from_env(environment))
        web, worker = (Process(list(child.command), environment, folder / "app.log") for child in children)
        try:
            web.start()
            worker.start()
            yield Doomed(Town(choice, sandbox, environment), web, worker)
        finally:
            web.kill()
            worker.kill()


def settings_of(choice: Choice, sandbox: Sandbox) -> dict[str, str]:
    """Return the app's environment beside this portal."""
    values = {
        "CLIENT_ID": sandbox.client_id,
        "CLIENT_SECRET": sandbox.client_secret,
        "URL": choice.app_url,
        "PORTALS": sandbox.url,
        "OAUTH_URL": sandbox.oauth_url,
        "JS_URL": sandbox.js_url,
        "DATA_DIR": str(choice.data / "app"),
        "BIND": f"127.0.0.1:{choice.app_port}",
        "SWEEP_SECONDS": "2",
    }
    return {f"B24APP_{name}": value for name, value in values.items()}
