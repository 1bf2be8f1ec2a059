"""The commands about segments: `flask --app wsgi segment list | show | refresh | explain | export`. Each asks one verb and prints."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click
from flask.cli import AppGroup

from b24app.cli_words import as_json, context_of, of_portal, plain_errors, print_rows
from b24app.segments.definitions import order_refresh
from b24app.segments.explain import explain
from b24app.segments.exports import list_contacts, list_rows
from b24app.segments.files import write_csv, write_text, write_xlsx
from b24app.segments.history import list_members_on
from b24app.segments.reading import Look, get_segment, list_members, list_segments

segment = AppGroup("segment", help="Segments of clients.")

FACTS = ("purchases", "revenue", "last_purchase")


@segment.command("list")
@of_portal
@as_json
def show_segments(member_id: str, is_json: bool) -> None:
    """Show the segments and how many clients are in each."""
    with plain_errors():
        rows = [{"key": one.key, "title": one.title, "count": one.count} for one in list_segments(context_of(member_id))]
        print_rows(rows, is_json, "{count:>8}  {key}")


@segment.command("show")
@click.argument("key")
@click.option("--limit", default=20, help="How many members.")
@click.option("--on", "day", default="", help="Who was in on this day: YYYY-MM-DD.")
@of_portal
@as_json
def show_segment(key: str, limit: int, day: str, member_id: str, is_json: bool) -> None:
    """Show a segment's rule, its counts and its first members with the reason."""
    with plain_errors():
        ctx = context_of(member_id)
        found = get_segment(ctx, key)
        if day:
            past, total = list_members_on(ctx, key, day)
            members = [{"client": one.client_key, "title": one.title, "reason": one.reason} for one in past[:limit]]
        else:
            page = list_members(ctx, key, Look(page_size=limit))
            total = page.total
            members = [{"client": one.client_key, "title": one.title, "reason": one.reason} for one in page.rows]
        if is_json:
            print_rows({**asdict(found), "total": total, "members": members}, True, "")
            return
        click.echo(f"{found.title['en']}: {found.problem or found.text}\n{total} in, {found.unknown} unknown")
        print_rows(members, False, "{client:>10}  {title}  {reason}")


@segment.command("refresh")
@of_portal
def refresh_segments(member_id: str) -> None:
    """Let the worker bring every segment up to date; it begins within a second."""
    with plain_errors():
        order_refresh(context_of(member_id))
        click.echo("ordered")


@segment.command("explain")
@click.argument("key")
@click.argument("client")
@of_portal
@as_json
def explain_client(key: str, client: str, member_id: str, is_json: bool) -> None:
    """Say why a client (C_12, CO_7) is in a segment or is not: every condition, his value, and what would end it."""
    with plain_errors():
        told = explain(context_of(member_id), key, client)
        if is_json:
            print_rows(asdict(told), True, "")
            return
        click.echo(" ".join(filter(None, (f"{told.answer}: {told.sentence}", told.ending))))
        print_rows([asdict(rule) for rule in told.rules], False, "  {answer:<8} {text}  ({value})  {ends}")


@segment.command("export")
@click.argument("key")
@click.option("--format", "form", type=click.Choice(["csv", "txt", "xlsx"]), default="csv", help="txt is the portal's form: e-mail;phone.")
@click.option("--facts", default=",".join(FACTS), help="Which facts, separated by commas.")
@click.option("--output", default="-", help="A file; - is the standard output.")
@of_portal
def export_segment(key: str, form: str, facts: str, output: str, member_id: str) -> None:
    """Write a segment's members to a file."""
    with plain_errors():
        ctx = context_of(member_id)
        get_segment(ctx, key)
        rows = list_rows(ctx, key, facts.split(","))
        lines = write_text(list_contacts(ctx, key)) if form == "txt" else write_csv(rows)
        body = write_xlsx(rows) if form == "xlsx" else "".join(lines).encode()
        if output == "-":
            sys.stdout.buffer.write(body)
        else:
            Path(output).write_bytes(body)
