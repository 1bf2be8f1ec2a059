"""What all commands share: their options, the portal they are about, and how they print."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import click
from flask import current_app

from b24app.errors import AppError, NotFound
from b24app.portals import registry
from b24app.portals.session import Session

if TYPE_CHECKING:
    from b24app.context import Context
    from b24app.services import Services

as_json = click.option("--json", "is_json", is_flag=True, help="One JSON value in place of lines for people.")
of_portal = click.option("--member-id", default="", help="Which portal; needed only when there are several.")


def services() -> Services:
    """Return the tools."""
    return cast("Services", current_app.extensions["services"])


def portal_of(tools: Services, member_id: str) -> str:
    """Return the portal that is meant: the only one, when none is named. Raises NotFound."""
    if member_id:
        return member_id
    found = registry.list_portals(tools.app_store)
    if len(found) != 1:
        raise NotFound(f"--member-id is needed: there are {len(found)} portals")
    return found[0].member_id


def context_of(member_id: str) -> Context:
    """Return a context of the portal, seen by an administrator."""
    tools = services()
    return tools.context(Session(portal_of(tools, member_id), 0, is_admin=True, lang="en"))


def print_rows(found: Any, is_json: bool, line: str) -> None:
    """Print rows, a line each, or one JSON value."""
    if is_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
    else:
        for row in found:
            click.echo(line.format(**row))


@contextmanager
def plain_errors() -> Iterator[None]:
    """Say what a person can mend without a traceback."""
    try:
        yield
    except AppError as error:
        raise click.ClickException(str(error)) from error
