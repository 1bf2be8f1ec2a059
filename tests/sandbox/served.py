"""A portal in a process of its own, for tests over HTTP."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]


class Served:
    """A portal served by a process of its own."""

    def __init__(self, options: list[str]) -> None:
        command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.communicate()[1])
        self.about: dict[str, str] = json.loads(line)
        self.url = self.about["url"]
        self.session = requests.Session()

    def get(self, method: str, **params: Any) -> requests.Response:
        """Call by webhook with a query."""
        return self.session.get(self.about["webhook"] + method, params=params, timeout=120)

    def post(self, method: str, **params: Any) -> requests.Response:
        """Call by webhook with a JSON body."""
        return self.session.post(self.about["webhook"] + method, json=params, timeout=120)

    def control(self, name: str, **body: Any) -> Any:
        """Ask a /sandbox/ address."""
        return self.session.post(f"{self.url}/sandbox/{name}", json=body, timeout=120).json()

    def stop(self) -> int:
        """Stop it as a person would; return the exit code."""
        self.session.close()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return code
