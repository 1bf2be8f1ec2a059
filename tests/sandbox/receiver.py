"""A tiny HTTP server that keeps what the portal posts, as an application would."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from sandbox.forms import read_pairs


@dataclass
class Receiver:
    """What has come, as nested forms and (`raw`) as flat names; `status` and `pause` say how the next posts are answered."""

    status: int = 200
    pause: float = 0.0
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    raw: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def __enter__(self) -> Receiver:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                time.sleep(receiver.pause)
                pairs = parse_qsl(body, keep_blank_values=True)
                receiver.raw.append(dict(pairs))
                receiver.posts.append((self.path, read_pairs(pairs)))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def of(self, path: str) -> list[dict[str, Any]]:
        """Return the forms that came to an address."""
        return [form for came, form in self.posts if came == path]

    def wait_for(self, count: int, seconds: float = 60.0) -> list[dict[str, Any]]:
        """Wait until so many posts have come; return their forms."""
        until = time.monotonic() + seconds
        while len(self.posts) < count and time.monotonic() < until:
            time.sleep(0.005)
        return [form for _, form in self.posts]
