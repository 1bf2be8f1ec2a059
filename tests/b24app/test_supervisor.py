"""The supervisor: both run, the dead one comes back, a stop stops all."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from b24app.config import Config
from b24app.errors import NotConfigured
from b24app.supervisor import Child, Supervisor, check_address, make_children

# Two children that write their number down and then wait; the supervisor runs in a process of its own, as it takes signals.
SUPERVISE = """
import sys
from b24app.supervisor import Child, Supervisor

def command(name):
    code = "import os,sys,time; open(sys.argv[1],'a').write(f'{sys.argv[2]} {os.getpid()}\\\\n'); time.sleep(60)"
    return [sys.executable, "-c", code, sys.argv[1], name]

sys.exit(Supervisor([Child("web", command("web")), Child("worker", command("worker"))]).run())
"""


def test_dead_child_comes_back_and_a_stop_stops_all(tmp_path: Path) -> None:
    """kill -9 of one child starts it again; SIGTERM ends everybody with code 0."""
    path = tmp_path / "pids"
    path.touch()
    with subprocess.Popen([sys.executable, "-c", SUPERVISE, str(path)]) as supervisor:
        wait_for(lambda: len(read_pids(path)) == 2)
        os.kill(read_pids(path)[0][1], signal.SIGKILL)
        wait_for(lambda: len(read_pids(path)) == 3)
        supervisor.send_signal(signal.SIGTERM)
        code = supervisor.wait(120)

    started = read_pids(path)
    assert code == 0
    assert [name for name, _ in started].count(started[0][0]) == 2
    assert not any(is_running(pid) for _, pid in started)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help")
def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    """kill -9 of the supervisor leaves no process behind to hold the port."""
    path = tmp_path / "pids"
    path.touch()
    with subprocess.Popen([sys.executable, "-c", SUPERVISE, str(path)]) as supervisor:
        wait_for(lambda: len(read_pids(path)) == 2)
        supervisor.kill()

    wait_for(lambda: not any(is_running(pid) for _, pid in read_pids(path)))


def test_child_that_will_not_live_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that dies again and again is not restarted for ever: the supervisor says so with its code."""
    monkeypatch.setattr("b24app.supervisor.LONGEST_PAUSE", 0.01)
    supervisor = Supervisor([Child("web", [sys.executable, "-c", "raise SystemExit(3)"])])

    code = 0
    deadline = time.monotonic() + 120
    while code == 0:
        code = supervisor.look_after()
        assert time.monotonic() < deadline
        time.sleep(0.01)

    assert code == 1


def test_taken_port_is_said() -> None:
    """The sentence names the address and how to choose another."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(NotConfigured, match=rf"127\.0\.0\.1:{port} .* B24APP_BIND"):
            check_address(f"127.0.0.1:{port}")


def test_children_are_web_and_worker() -> None:
    """One web process with threads, one worker."""
    config = Config(client_id="c", client_secret="s", url="http://a", portals=("http://p",), bind="127.0.0.1:9", web_threads=5)

    web, worker = make_children(config)

    assert {"gthread", "127.0.0.1:9", "5", "wsgi:app"} <= set(web.command)
    assert worker.command[-3:] == ["--app", "wsgi", "worker"]


def read_pids(path: Path) -> list[tuple[str, int]]:
    """Return who has started, in their order."""
    lines = [line.split() for line in path.read_text().splitlines() if " " in line]
    return [(name, int(pid)) for name, pid in lines]


def is_running(pid: int) -> bool:
    """Tell whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(is_so: Callable[[], bool]) -> None:
    """Return when it is so, fail after a while."""
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
