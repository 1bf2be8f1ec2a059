"""`python -m sandbox serve`: fills the portal at its first start and serves it until it is told to stop.

The first line of output is one JSON object with the portal's addresses and keys; it is printed when the portal already answers.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from sandbox.fill import access_of, fill_once
from sandbox.limits import PLANS
from sandbox.portal import Portal
from sandbox.server import create_app

HOST = "127.0.0.1"


def read_options(arguments: list[str]) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A Bitrix24 portal on this machine.")
    serve = parser.add_subparsers(dest="command", required=True).add_parser("serve", help="serve the portal on 127.0.0.1")
    serve.add_argument("--port", type=int, default=8024, help="0 takes a free one")
    serve.add_argument("--data", type=Path, default=Path("var/sandbox"), help="directory of the portal's data; kept between starts")
    serve.add_argument("--company", choices=("demo", "empty"), default="demo", help="what a new portal holds")
    serve.add_argument("--contacts", type=int, default=300, help="contacts of the demo company")
    serve.add_argument("--deals", type=int, default=1500, help="deals of the demo company")
    serve.add_argument("--seed", type=int, default=1, help="the same seed gives the same company")
    serve.add_argument("--load", help="a file in the official dataset's format, in place of the company")
    serve.add_argument("--app", help="address of an application to add to a new portal, as http://127.0.0.1:8025")
    serve.add_argument("--limits", choices=tuple(PLANS), default="cloud", help="whose request limits the portal keeps")
    serve.add_argument("--token-ttl", type=int, default=3600, help="seconds that an access token lives")
    return parser.parse_args(arguments)


class Server(BaseApplication):
    """gunicorn with one worker of 16 threads; the portal is opened, started and closed in the worker."""

    def __init__(self, options: argparse.Namespace, listener: socket.socket) -> None:
        self._options, self._listener, self._url = options, listener, address_of(listener)
        self._portal: Portal | None = None
        super().__init__()

    def load_config(self) -> None:
        """Set what gunicorn needs; called by its constructor."""
        settings: dict[str, Any] = {
            "bind": f"fd://{self._listener.fileno()}", "worker_class": "gthread", "workers": 1, "threads": 16, "loglevel": "warning",
            "graceful_timeout": 5, "timeout": 120, "keepalive": 30, "post_worker_init": self._start, "worker_exit": self._stop,
        }  # fmt: skip
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Open the portal in the worker and return its web application."""
        self._portal = open_portal(self._options, self._url)
        return create_app(self._portal)

    def _start(self, _worker: Any) -> None:
        if self._portal is not None:
            self._portal.active.start()
            print(json.dumps(access_of(self._portal)), flush=True)  # noqa: T201 - the promised first line

    def _stop(self, _server: Any, _worker: Any) -> None:
        if self._portal is not None:
            self._portal.active.stop()
            self._portal.close()


def address_of(listener: socket.socket) -> str:
    """Return the portal's address; port 0 has become a real one by now."""
    return f"http://{HOST}:{listener.getsockname()[1]}"


def open_portal(options: argparse.Namespace, url: str) -> Portal:
    """Return the portal of a data directory."""
    return Portal(options.data, url, token_ttl=options.token_ttl, plan=options.limits)


def listen(port: int) -> socket.socket:
    """Return a listening socket. Raises OSError when the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(256)
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    return listener


def main() -> int:
    """Serve; return the exit code."""
    options = read_options(sys.argv[1:])
    try:
        listener = listen(options.port)
    except OSError as error:
        sys.stderr.write(f"Port {options.port} is taken ({error.strerror}). Choose another with --port N.\n")
        return 1
    options.data.mkdir(parents=True, exist_ok=True)
    try:
        portal = open_portal(options, address_of(listener))
        try:
            fill_once(portal, options)
        finally:
            portal.close()
    except (ValueError, OSError) as error:
        sys.stderr.write(f"The portal could not be filled: {error}\n")
        return 1
    Server(options, listener).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
