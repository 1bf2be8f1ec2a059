"""CHECKS: what must be true of the files that we keep, each with the words for when it is not. Reads, repairs nothing.

Safe beside a working app: what is asked of one file is asked of it as it is at one moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from b24app.drain import INBOX
from b24app.errors import NotConfigured, NotFound
from b24app.portals import registry
from b24app.store.copies import find_damage, list_databases, list_migrations, list_mirrors, list_unknown
from b24app.store.cursors import find_cursor
from b24app.store.inbox import InboxReader

if TYPE_CHECKING:
    from b24app.portals.vault import Vault
    from b24app.store.mirror import PortalStores
    from b24app.store.settings import AppStore


@dataclass(frozen=True)
class Desk:
    """What is looked at, and by which key."""

    data_dir: Path
    app_store: AppStore
    stores: PortalStores
    vault: Vault


@dataclass(frozen=True)
class Finding:
    """Something that is not as it must be: in which file, by which check."""

    file: str
    check: str
    detail: str


def check_files(desk: Desk) -> list[Finding]:
    """Return all that is wrong. What is damaged is not asked anything else."""
    found = [Finding(name, "damage", line) for name in list_databases(desk.data_dir) for line in find_damage(desk.data_dir / name)]
    damaged = {finding.file for finding in found}
    if "app.db" in damaged:
        return found
    for name, check in CHECKS.items():
        found += [Finding(file, name, detail) for file, detail in check(desk, damaged)]
    for file in set(list_mirrors(desk.data_dir)) - damaged:
        found += [Finding(file, name, detail) for name, detail in _ask_mirror(desk, file.removesuffix(".db"))]
    return sorted(found, key=lambda one: (one.file, one.check, one.detail))


def _find_newer(desk: Desk, damaged: set[str]) -> Iterator[tuple[str, str]]:
    for name in set(list_databases(desk.data_dir)) - damaged:
        for one in list_unknown(name, list_migrations(desk.data_dir / name)):
            yield name, f"was written by a newer version of the app ({one})"


def _find_sealed(desk: Desk, _: set[str]) -> Iterator[tuple[str, str]]:
    for member_id, name, sealed in desk.app_store.list_secrets():
        try:
            desk.vault.open(sealed)
        except NotConfigured:
            yield "app.db", f"{name} of {member_id} cannot be opened with the present key"


def _find_unread(desk: Desk, damaged: set[str]) -> Iterator[tuple[str, str]]:
    """An inbox that has lost its end gives numbers again that a cursor has passed: what is new would be taken for old."""
    reader = InboxReader(desk.data_dir / "inbox.db")
    newest = reader.newest() if "inbox.db" not in damaged else None
    reader.close()
    for portal in registry.list_portals(desk.app_store):
        if newest is not None and f"{portal.member_id}.db" not in damaged:
            cursor = _cursor(desk.stores, portal.member_id)
            if cursor > newest:
                yield "inbox.db", f"ends at {newest}, but messages of {portal.member_id} were taken in up to {cursor}"


def _find_strangers(desk: Desk, _: set[str]) -> Iterator[tuple[str, str]]:
    known = {f"{row['member_id']}.db" for row in desk.app_store.list_portals()}
    for name in list_mirrors(desk.data_dir):
        if name not in known:
            yield name, "belongs to no portal that we know"


# What is asked of all files together: name of the check, what yields (file, what is wrong).
CHECKS: dict[str, Callable[[Desk, set[str]], Iterator[tuple[str, str]]]] = {
    "version": _find_newer,
    "secrets": _find_sealed,
    "cursor": _find_unread,
    "strangers": _find_strangers,
}

# What is asked of every mirror: name of the check, the question, the words for its answer. A row is something wrong.
MIRROR_CHECKS: tuple[tuple[str, str, str], ...] = (
    (
        "members",
        "SELECT count(*) AS n FROM membership AS m WHERE m.left_at IS NULL AND NOT EXISTS (SELECT 1 FROM client AS c "
        "WHERE c.key = m.client_key) AND NOT EXISTS (SELECT 1 FROM due_client) HAVING count(*) > 0",
        "{n} memberships of nobody",
    ),
    (
        "clients",
        "SELECT count(*) AS n FROM client_contact AS l WHERE NOT EXISTS (SELECT 1 FROM client AS c WHERE c.key = l.client_key) "
        "AND NOT EXISTS (SELECT 1 FROM due_client) HAVING count(*) > 0",
        "{n} contacts of no client",
    ),
    (
        "facts",
        "SELECT count(*) AS n FROM client_fact AS f WHERE NOT EXISTS (SELECT 1 FROM client AS c WHERE c.key = f.client_key) "
        "AND NOT EXISTS (SELECT 1 FROM due_client) HAVING count(*) > 0",
        "facts of {n} clients who are not there",
    ),
    (
        "certificate",
        "SELECT entity, remaining FROM certificate WHERE id = (SELECT max(id) FROM certificate) AND remaining > 0",
        "the last comparison with the portal left {remaining} differences in {entity}",
    ),
)


def _ask_mirror(desk: Desk, member_id: str) -> Iterator[tuple[str, str]]:
    try:
        store = desk.stores.reader(member_id)
    except NotFound:
        return
    with store:
        for name, question, words in MIRROR_CHECKS:
            yield from ((name, words.format(**row)) for row in store.rows(question))


def _cursor(stores: PortalStores, member_id: str) -> int:
    try:
        with stores.reader(member_id) as store:
            return int(find_cursor(store, INBOX) or 0)
    except NotFound:
        return 0
