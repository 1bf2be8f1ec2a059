"""Portals for the vendor's and others' own clients: one over plain HTTP, one over HTTPS under the names that a real portal has.

Nothing of the clients is changed: only this machine's idea of where a name leads to, and whose certificates it trusts.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from urllib3.util import connection

from tests.contracts.certificates import Certificate, make_certificate
from tests.sandbox.receiver import Receiver
from tests.sandbox.served import Served

PORTAL, OAUTH = "portal.example", "oauth.bitrix24.tech"
COMPANY = ["--contacts", "120", "--deals", "260", "--limits", "none"]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for this machine's address, the portal's name and the vendor's authorization server."""
    return make_certificate(tmp_path_factory.mktemp("tls"), PORTAL, OAUTH, "127.0.0.1")


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A portal over HTTP."""
    made = Served(["--data", str(tmp_path_factory.mktemp("plain")), *COMPANY])
    yield made
    made.stop()


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Served]:
    """A portal over HTTPS at 127.0.0.1."""
    keys = ["--cert", str(certificate.cert), "--key", str(certificate.key)]
    made = Served(["--data", str(tmp_path_factory.mktemp("secure")), *keys, *COMPANY])
    made.session.verify, made.session.trust_env = str(certificate.authority), False  # the environment would win
    yield made
    made.stop()


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Served]:
    """A portal at https://portal.example whose authorization server is https://oauth.bitrix24.tech, as far as this process can tell."""
    port = free_port()
    keys = ["--cert", str(certificate.cert), "--key", str(certificate.key), "--port", str(port)]
    names = ["--url", f"https://{PORTAL}", "--oauth-url", f"https://{OAUTH}"]
    with pytest.MonkeyPatch.context() as patch:
        lead(patch, port, certificate.authority)
        made = Served(["--data", str(tmp_path_factory.mktemp("real")), *keys, *names, *COMPANY])
        yield made
        made.stop()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def lead(patch: pytest.MonkeyPatch, port: int, authority: Path) -> None:
    """Lead this process's HTTP clients to the portal by its names, and let them trust the tests' authority."""
    connect = connection.create_connection

    def create_connection(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
        return connect(("127.0.0.1", port) if address[0] in (PORTAL, OAUTH) else address, *args, **options)

    patch.setattr(connection, "create_connection", create_connection)
    patch.setenv("REQUESTS_CA_BUNDLE", str(authority))
    patch.setenv("NO_PROXY", "*")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An application's server that keeps what the portal posts to it."""
    with Receiver() as made:
        yield made
