"""One command for all: starts the web process and the worker, restarts the one that dies, passes signals on.

Holds nothing itself: no database, no socket. Its children's output goes through as it is.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from b24app.errors import NotConfigured

if TYPE_CHECKING:
    from types import FrameType

    from b24app.config import Config

STOP_SECONDS = 25.0
LONGEST_PAUSE = 30.0
QUICK_DEATH = 10.0  # seconds; whoever lives longer is restarted without a pause
MOST_QUICK_DEATHS = 6
LOOK_SECONDS = 0.2
MEMORY = Path("/dev/shm")  # noqa: S108 - Linux's file system in memory  # nosec B108
GIVES_WAY = 10  # the worker's niceness: whoever is answered goes first, however much there is to work
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)

log = logging.getLogger(__name__)


@dataclass
class Child:
    """A process that has to run."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    starts_at: float = 0.0
    quick_deaths: int = 0

    def start(self) -> None:
        """Start it; when we are killed, it is asked to stop as well."""
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(self.command, preexec_fn=partial(_die_with, os.getpid()))  # noqa: S603, PLW1509 - our own command; one thread  # nosec B603
        log.info("child started", extra={"child": self.name, "pid": self.process.pid})

    def bury(self, code: int) -> None:
        """Note a death and when to start again."""
        lived = time.monotonic() - self.started_at
        self.quick_deaths = self.quick_deaths + 1 if lived < QUICK_DEATH else 0
        pause = min(0.25 * 2**self.quick_deaths, LONGEST_PAUSE) if self.quick_deaths else 0.0
        self.process, self.starts_at = None, time.monotonic() + pause
        log.warning("child died", extra={"child": self.name, "code": code, "lived": round(lived, 1), "again_in": pause})


@dataclass
class Supervisor:
    """Keeps children running until it is told to stop."""

    children: list[Child]
    _stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> int:
        """Return 0 after a stop that was asked for, 1 when no child would stay alive."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        code = 0
        while not self._stopping.is_set() and code == 0:
            code = self.look_after()
            self._stopping.wait(LOOK_SECONDS)
        self.stop_all()
        return code

    def look_after(self) -> int:
        """Start who has to run and bury who has died; return 1 when all die again and again.

        As long as one lives the other is tried for ever: without a worker the inbox still takes in what is never sent again.
        """
        for child in self.children:
            if child.process is None:
                if time.monotonic() >= child.starts_at:
                    child.start()
            elif (code := child.process.poll()) is not None:
                child.bury(code)
                if child.quick_deaths >= MOST_QUICK_DEATHS:
                    log.error("child does not stay alive", extra={"child": child.name})
        return int(all(child.quick_deaths >= MOST_QUICK_DEATHS for child in self.children))

    def stop_all(self) -> None:
        """Ask all to stop, wait, then insist."""
        alive = [child.process for child in self.children if child.process]
        for process in alive:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in alive:
            try:
                process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the shape of a signal handler
        self._stopping.set()


def make_children(config: Config) -> list[Child]:
    """Return the web process (one, with threads: all its requests share one commit) and the worker."""
    web = ["gunicorn", "--worker-class", "gthread", "--workers", "1", "--threads", str(config.web_threads), "--bind", config.bind]
    quiet = ["--no-control-socket", "--graceful-timeout", "15", "--log-level", "warning"]
    if MEMORY.is_dir():
        # Its sign of life is a file's time: on the disk that would wait for every commit of the inbox.
        quiet += ["--worker-tmp-dir", str(MEMORY)]
    return [
        Child("web", [sys.executable, "-m", *web, *quiet, "wsgi:app"]),
        Child("worker", ["nice", "-n", str(GIVES_WAY), sys.executable, "-m", "flask", "--app", "wsgi", "worker"]),
    ]


def check_address(bind: str) -> None:
    """Raise NotConfigured when somebody listens there already."""
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            raise NotConfigured(
                f"{bind} cannot be used: {error.strerror}. Choose another address with B24APP_BIND=host:port",
                f"{bind} занят или недоступен: {error.strerror}. Выберите другой адрес: B24APP_BIND=host:port",
            ) from error


def _die_with(parent: int) -> None:
    """On Linux, have the kernel ask this process to stop when its parent is gone. Elsewhere the parent stops us itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
