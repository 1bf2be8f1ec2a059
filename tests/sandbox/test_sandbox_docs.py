"""docs/sandbox.md says what the sandbox has: its tables are derived here and must stand there as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from sandbox.control import make_blueprint
from sandbox.faults import FAULTS
from sandbox.methods import METHODS
from sandbox.options import read_options
from sandbox.portal import Portal
from sandbox.rest import Method

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")


def family(method: Method) -> str:
    """Return what the table's rows are by: a method's name without its last word, its scope, whom it needs."""
    return method.name.rpartition(".")[0] or "-"


def needs(method: Method) -> str:
    return ", ".join(word for word, is_needed in (("application", method.app_only), ("administrator", method.admin)) if is_needed)


def method_rows() -> Iterator[str]:
    """Yield the rows of the table of methods."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for method in METHODS:
        groups.setdefault((family(method), method.scope, needs(method)), []).append(f"`{method.name}`")
    for (_, scope, needed), names in groups.items():
        yield f"| {', '.join(names)} | {scope.replace('|', ' or ')} | {needed} |"


@pytest.mark.parametrize("row", list(method_rows()))
def test_methods_stand_in_the_table(row: str) -> None:
    """Every method with its scope and whom it needs."""
    assert row in TEXT


@pytest.mark.parametrize("command", ["serve", "prepare"])
def test_options_are_named(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every option of the command line."""
    with pytest.raises(SystemExit):
        read_options([command, "--help"])

    for option in {word.strip("[],") for word in capsys.readouterr().out.split() if word.strip("[").startswith("--")} - {"--help"}:
        assert f"`{option}`" in TEXT, option


def test_control_addresses_are_named(portal: Portal) -> None:
    """Every address under /sandbox/ with its verbs, and no others."""
    app = Flask("docs")
    app.register_blueprint(make_blueprint(portal))

    real = {(verb, rule.rule) for rule in app.url_map.iter_rules() for verb in (rule.methods or set()) & {"GET", "POST", "DELETE"}}
    told = {(verb, address) for verb, address in real if f"| `{verb} {address}` |" in TEXT}

    assert {one for one in real if one[1].startswith("/sandbox/")} == told
    assert TEXT.count("` /sandbox/") == 0
    assert sum(TEXT.count(f"| `{verb} /sandbox/") for verb in ("GET", "POST", "DELETE")) == len(told)


def test_faults_are_named() -> None:
    """Every kind of fault."""
    for fault in FAULTS:
        assert f"`{fault.kind}`" in TEXT, fault.kind
