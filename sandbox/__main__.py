"""`python -m sandbox serve`: fills the portal at its first start and serves it until it is told to stop.

The first line of output is one JSON object with the portal's addresses and keys; it is printed when the portal already answers.
`python -m sandbox prepare` only fills; its one line says what is in the portal and how long that took.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from argparse import Namespace
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from sandbox.control import describe
from sandbox.edge import by_host
from sandbox.faults import read_file
from sandbox.fill import access_of, make_once
from sandbox.options import read_options
from sandbox.portal import Portal
from sandbox.server import create_app

HOST = "127.0.0.1"


class Server(BaseApplication):
    """gunicorn with one worker of 16 threads; the portal is opened, started and closed in the worker."""

    def __init__(self, options: Namespace, listener: socket.socket) -> None:
        self._options, self._listener, self._url = options, listener, address_of(options, listener)
        self._portal: Portal | None = None
        super().__init__()

    def load_config(self) -> None:
        """Set what gunicorn needs; called by its constructor."""
        settings: dict[str, Any] = {
            "bind": f"fd://{self._listener.fileno()}", "worker_class": "gthread", "workers": 1, "threads": 16, "loglevel": "warning",
            "graceful_timeout": 5, "timeout": 120, "keepalive": 30, "post_worker_init": self._start, "worker_exit": self._stop,
        }  # fmt: skip
        if self._options.cert:
            settings |= {"certfile": str(self._options.cert), "keyfile": str(self._options.key)}
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Open the portal in the worker and return its web application."""
        self._portal = open_portal(self._options, self._url)
        return by_host(create_app(self._portal), self._portal)

    def _start(self, _worker: Any) -> None:
        if self._portal is not None:
            self._portal.active.start()
            print(json.dumps(access_of(self._portal)), flush=True)  # noqa: T201 - the promised first line

    def _stop(self, _server: Any, _worker: Any) -> None:
        if self._portal is not None:
            self._portal.active.stop()
            self._portal.close()


def address_of(options: Namespace, listener: socket.socket) -> str:
    """Return the portal's address; port 0 has become a real one by now."""
    return options.url or f"{'https' if options.cert else 'http'}://{HOST}:{listener.getsockname()[1]}"


def open_portal(options: Namespace, url: str) -> Portal:
    """Return the portal of a data directory."""
    portal = Portal(
        options.data,
        url,
        oauth_url=options.oauth_url,
        token_ttl=options.token_ttl,
        plan=options.limits,
        operating_limit=options.operating_limit,
        counting_cost=options.counting_cost,
        log=options.log,
    )
    if options.faults:
        portal.faults.add(read_file(options.faults))
    return portal


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


def check_files(options: Namespace) -> None:
    """Raise OSError or ValueError when a file that the portal is started with cannot be read."""
    for path in filter(None, (options.cert, options.key)):
        path.open("rb").close()
    if options.faults:
        read_file(options.faults)


def make(options: Namespace) -> int:
    """Fill the data directory if it is new; return the exit code."""
    try:
        make_once(options)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"The portal could not be filled: {error}\n")
        return 1
    return 0


def prepare(options: Namespace) -> int:
    """Fill the data directory and say what is in it; return the exit code."""
    started = time.monotonic()
    code = make(options)
    if code == 0:
        portal = Portal(options.data, "")
        try:
            counts = describe(portal)["counts"]
        finally:
            portal.close()
        print(json.dumps({"data": str(options.data), "seconds": round(time.monotonic() - started, 1), "counts": counts}))  # noqa: T201
    return code


def serve(options: Namespace) -> int:
    """Serve; return the exit code."""
    try:
        check_files(options)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"The portal cannot start: {error}\n")
        return 1
    try:
        listener = listen(options.port)
    except OSError as error:
        sys.stderr.write(f"Port {options.port} is taken ({error.strerror}). Choose another with --port N.\n")
        return 1
    code = make(options)
    if code == 0:
        Server(options, listener).run()
    return code


def main() -> int:
    """Do what the command line says; return the exit code."""
    options = read_options(sys.argv[1:])
    return prepare(options) if options.command == "prepare" else serve(options)


if __name__ == "__main__":
    sys.exit(main())
