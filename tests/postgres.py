"""A PostgreSQL server that lives for some tests: made from Debian's package by a user who is not root, gone at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.processes import free_port
from tests.requires import need

USER = "postgres"  # whom Debian's package makes; initdb refuses root


@contextmanager
def running_postgres() -> Iterator[str]:
    """Start a server on 127.0.0.1; yield the address of a database that need not be there yet. Skips without the package."""
    programs = Path(need("postgres")).parent
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    port = free_port()
    if os.geteuid() == 0:
        shutil.chown(folder, USER)
    try:
        run(programs / "initdb", "-D", folder / "data", "-A", "trust", "-U", "app", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -k {folder}"
        run(programs / "pg_ctl", "-w", "-D", folder / "data", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql://app@127.0.0.1:{port}/jobs"
        finally:
            run(programs / "pg_ctl", "-w", "-m", "immediate", "-D", folder / "data", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(*command: str | Path) -> None:
    """Run one of PostgreSQL's programs as somebody who is not root."""
    is_root = os.geteuid() == 0
    who = pwd.getpwnam(USER) if is_root else None
    ids = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if who else {}
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd="/", check=False, **ids)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
