"""The commands about one person: `flask --app wsgi person find | export | erase`. Each asks one verb and prints."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click
from flask.cli import AppGroup

from b24app.cli_words import as_json, context_of, of_portal, plain_errors, print_rows
from b24app.privacy.person import export_person, find_cards, order_erasure

person = AppGroup("person", help="Personal data: what is held of one person, and its erasure.")


@person.command("find")
@click.argument("words")
@of_portal
@as_json
def find(words: str, member_id: str, is_json: bool) -> None:
    """Find contacts and companies by name, phone, e-mail or key."""
    with plain_errors():
        print_rows([asdict(one) for one in find_cards(context_of(member_id), words)], is_json, "{key:>10}  {title}")


@person.command("export")
@click.argument("key")
@click.option("--output", default="-", help="A file; - is the standard output.")
@of_portal
def export(key: str, output: str, member_id: str) -> None:
    """Write all that is held of a person (C_12, CO_7) as JSON; it is noted in the journal."""
    with plain_errors():
        body = export_person(context_of(member_id), key)
        if output == "-":
            sys.stdout.buffer.write(body + b"\n")
        else:
            Path(output).write_bytes(body)


@person.command("erase")
@click.argument("key")
@of_portal
def erase(key: str, member_id: str) -> None:
    """Let the worker erase what the app has kept of a person besides the copy of the card; it begins within a second."""
    with plain_errors():
        order_erasure(context_of(member_id), key)
        click.echo("ordered; the copy of the card goes when the card is deleted in Bitrix24")
