"""The command line: `serve` and `prepare`, each option declared once. Reads words, does nothing."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from sandbox.limits import PLANS

APP = "http://127.0.0.1:8025"


def read_options(arguments: list[str]) -> argparse.Namespace:
    """Return the command line's options; leaves with a message when they cannot be understood."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A Bitrix24 portal on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser("prepare", help="fill a directory with a new portal; `serve --data` of it starts at once")
    serve = commands.add_parser("serve", help="serve the portal on 127.0.0.1; a new directory is filled first")
    for command in (prepare, serve):
        _add_company(command)
    _add_address(serve)
    _add_behaviour(serve)
    options = parser.parse_args(arguments)
    if options.command == "serve":
        if bool(options.cert) != bool(options.key):
            parser.error("--cert and --key are given together")
        for address in filter(None, (options.url, options.oauth_url)):
            if not re.fullmatch(r"https?://[^/?#]+", address):
                parser.error(f"{address} is not an address as https://portal.example")
    return options


def _add_company(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--data", type=Path, default=Path("var/sandbox"), help="directory of the portal's data; kept between starts")
    add("--company", choices=("demo", "empty"), default="demo", help="what a new portal holds")
    add("--contacts", type=int, default=300, help="contacts of the demo company")
    add("--deals", type=int, default=1500, help="deals of the demo company")
    add("--seed", type=int, default=1, help="the same seed gives the same company")
    add("--load", help="a file in the official dataset's format, in place of the company")
    add("--app", default=APP, help="address of the application that a new portal has from the start")


def _add_address(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--port", type=int, default=8024, help="0 takes a free one")
    add("--url", help="the portal's public address when something stands before 127.0.0.1, as https://portal.example")
    add("--oauth-url", help="an origin of its own for the authorization server, which answers there by the Host header")
    add("--cert", type=Path, help="certificate (PEM) for https")
    add("--key", type=Path, help="the certificate's key (PEM)")


def _add_behaviour(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--limits", choices=tuple(PLANS), default="cloud", help="whose limits the portal keeps")
    add("--operating-limit", type=float, help="working seconds of one method in ten minutes, in place of the tariff's")
    add("--counting-cost", type=float, default=0.0, help="seconds that counting a million records takes; the vendor has measured about 21")
    add("--token-ttl", type=int, default=3600, help="seconds that an access token lives")
    add("--faults", type=Path, help="a JSON file of faults, as POST /sandbox/faults takes them")
    add("--log", type=Path, help="file of all calls as JSON lines (DIR/calls.jsonl)")
