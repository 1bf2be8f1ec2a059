"""Which hosts of a request may be asked at all."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from b24app.bitrix.addresses import is_public


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "10.0.0.1",
        "2130706433",
        "0x7f.1",
        "a",
        "a..b",
        "a.b:8080",
        "a.b/c",
        "user@a.example",
        "-a.example",
        "é.example",
        "",
    ],
)
def test_what_is_no_name_is_not_asked(host: str) -> None:
    """Numbers, ports, paths, names without a dot: not even looked up."""
    assert not is_public(host)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (["93.184.216.34"], True),
        (["93.184.216.34", "127.0.0.1"], False),
        (["10.1.2.3"], False),
        (["169.254.169.254"], False),
        (["::1"], False),
        (["fd00::1"], False),
        (["::ffff:10.0.0.1"], False),
        (["100.64.0.1"], False),
        (["0.0.0.0"], False),
        (["2606:2800:220:1:248:1893:25c8:1946"], True),
        ([], False),
    ],
)
def test_every_address_of_a_name_must_be_public(monkeypatch: pytest.MonkeyPatch, found: list[str], expected: bool) -> None:
    """One private address among them is enough to refuse."""
    entries: list[Any] = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **more: entries)

    assert is_public("company.example") is expected


def test_name_that_nobody_knows_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is one that cannot be looked up."""

    def fail(*asked: Any, **more: Any) -> Any:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    assert not is_public("company.example")
