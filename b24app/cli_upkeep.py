"""The commands that look after the files: `flask --app wsgi backup | restore | check | key ...`. Each asks one verb and prints."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from b24app.backup import back_up
from b24app.backup import restore as put_back
from b24app.cli_words import as_json, plain_errors, print_rows, services
from b24app.integrity import Desk, check_files
from b24app.portals.rotation import drop_old, list_stale
from b24app.portals.rotation import rotate as rotate_key
from b24app.supervisor import check_address

MEGABYTE = 2**20


@click.command("backup")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--with-key", is_flag=True, help="Put secret.key beside the copies: whoever has such a backup can use the tokens in it.")
@as_json
@with_appcontext
def backup(directory: Path, with_key: bool, is_json: bool) -> None:
    """Copy all that we keep into a new DIRECTORY while the app goes on working."""
    with plain_errors():
        config = services().config
        made = back_up(config.data_dir, directory, with_key, jobs_elsewhere=bool(config.jobs_url))
        print_rows([asdict(made)] if is_json else [asdict(file) for file in made.files], is_json, "{name}  {bytes} bytes  {sha256}")
        if not is_json:
            click.echo(f"{directory}: {made.bytes / MEGABYTE:.1f} MB, whole")
            click.echo(
                "" if with_key else "The key is not in it: keep secret.key, or B24APP_SECRET_KEY, at another place.", nl=not with_key
            )


@click.command("restore")
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--replace", is_flag=True, help="Put what lies in DATA_DIR aside; it is not deleted.")
@with_appcontext
def restore(directory: Path, replace: bool) -> None:
    """Put a backup into DATA_DIR. The app must not run."""
    with plain_errors():
        tools = services()
        check_address(tools.config.bind)
        current_app.extensions["toolbox"].close()
        made = put_back(directory, tools.config.data_dir, replace)
        click.echo(f"{tools.config.data_dir}: as it was at {made.made_at}. What has changed since is found by the first comparison.")
        click.echo("Now see to the key (it is no part of a backup) and run: flask --app wsgi check")


@click.command("check")
@as_json
@with_appcontext
def check(is_json: bool) -> None:
    """Look for damage in all files, and for what does not fit together; end with 1 when there is something. The app may run."""
    with plain_errors():
        tools = services()
        found = check_files(Desk(tools.config.data_dir, tools.app_store, tools.stores, tools.vault))
        print_rows([asdict(one) for one in found], is_json, "{file}: {check}: {detail}")
        if not found and not is_json:
            click.echo("Everything is as it must be")
        sys.exit(1 if found else 0)


key = AppGroup("key", help="The key that seals tokens and signs sessions.")


@key.command("rotate")
def rotate() -> None:
    """Make a new key and seal everything with it while the app goes on working; the old key still opens what it has sealed or signed."""
    with plain_errors():
        tools = services()
        done = rotate_key(tools.app_store, tools.vault)
        click.echo(f"{'A new key was made' if done.is_made else 'No new key was needed'}; sealed anew: {done.sealed}; keys: {done.keys}")
        if done.keys > 1:
            click.echo("The old one can be dropped: flask --app wsgi key drop-old")


@key.command("drop-old")
def drop() -> None:
    """Keep the newest key alone. Pages that are open have to be opened again."""
    with plain_errors():
        tools = services()
        done = drop_old(tools.app_store, tools.vault)
        click.echo(f"Sealed anew: {done.sealed}; keys: {done.keys}; left under an old key: {len(list_stale(tools.app_store, tools.vault))}")


COMMANDS = (backup, restore, check, key)
