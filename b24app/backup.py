"""Backs up all that we keep while the app goes on working, and puts a backup in the place of a DATA_DIR that is lost.

The order of the copies makes them fit together. A portal's file holds the cursor that says how far the inbox was read, so it is copied
first: whatever the cursor has passed is in the copies that follow, as a change beside it, as an order in jobs.db, and the inbox's numbers
go on behind it. The other way round the restored inbox would give numbers again that the cursor has passed, and new events would be
taken for old. app.db comes last: its tokens are the newest, because an older pair is dead once it was renewed. What the later files
have too much is done twice, which every job bears, or is found again under the same key.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from b24app import keys
from b24app.alone import Alone
from b24app.errors import Mistaken
from b24app.store.copies import (
    JOBS,
    PARTS,
    copy_database,
    find_damage,
    is_in_use,
    list_databases,
    list_migrations,
    list_mirrors,
    list_unknown,
)
from b24app.store.settings import AppStore
from b24app.worker import LOCK

FORMAT = 1
MANIFEST = "manifest.json"
INSTANT = "%Y-%m-%dT%H:%M:%SZ"
LAST = (JOBS, "inbox.db", "app.db")  # behind the portals' files, in this order


@dataclass(frozen=True)
class Copied:
    """One file of a backup. `migrations`: those that it has been through."""

    name: str
    bytes: int
    sha256: str
    migrations: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """What a backup consists of. `jobs`: sqlite, or elsewhere when they are in a database that is backed up by its own means."""

    made_at: str
    finished_at: str
    jobs: str
    files: tuple[Copied, ...]
    format: int = FORMAT

    @property
    def bytes(self) -> int:
        """How large all files are together."""
        return sum(file.bytes for file in self.files)


def back_up(data_dir: Path, target: Path, with_key: bool = False, jobs_elsewhere: bool = False) -> Manifest:
    """Copy every database into a new directory. Until all is written and checked it has another name, so none is ever taken for whole.

    The key is left out unless it is asked for: a copy that lies beside its key is an open one. Raises Mistaken.
    """
    if target.exists():
        raise Mistaken(f"{target} exists already: name a new directory", f"{target} уже есть: укажите новый каталог")
    draft = target.with_name(f".{target.name}.unfinished")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    made_at = _now()
    names = [name for name in (*list_mirrors(data_dir), *LAST) if (data_dir / name).exists()]
    files = [_copy(data_dir / name, draft / name) for name in names]
    if with_key:
        files.append(_copy_key(data_dir / keys.FILE, draft / keys.FILE))
    manifest = Manifest(made_at, _now(), "elsewhere" if jobs_elsewhere else "sqlite", tuple(files))
    (draft / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1) + "\n", encoding="utf-8")
    draft.replace(target)
    return manifest


def restore(source: Path, data_dir: Path, replace: bool = False) -> Manifest:
    """Put a backup into DATA_DIR. What lies there goes into a directory beside it, when `replace` says so, and is not deleted.

    Raises Mistaken when the backup is not whole or from a newer version, the app runs, or something is there already.
    """
    manifest = read_backup(source)
    check_stopped(data_dir)
    there = _list_there(data_dir)
    if there and not replace:
        raise Mistaken(
            f"{data_dir} is not empty. --replace puts what is there aside and the backup in its place",
            f"{data_dir} не пуст. С ключом --replace его содержимое будет отложено в сторону и заменено",
        )
    data_dir.mkdir(parents=True, exist_ok=True)
    draft = data_dir / ".restoring"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    for file in manifest.files:
        shutil.copyfile(source / file.name, draft / file.name)
        (draft / file.name).chmod(0o600)
    _put_aside(data_dir, [*there, *_replaced(data_dir, manifest)])
    for file in manifest.files:
        (draft / file.name).replace(data_dir / file.name)
    draft.rmdir()
    return manifest


def read_backup(source: Path) -> Manifest:
    """Read a backup's manifest and check every file by it. Raises Mistaken that says what is wrong."""
    try:
        read: dict[str, Any] = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
        files = tuple(Copied(**{**file, "migrations": tuple(file["migrations"])}) for file in read.pop("files"))
        manifest = Manifest(**read, files=files)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise _unfit(source, f"{MANIFEST}: {error}") from error
    if manifest.format != FORMAT:
        raise _unfit(source, f"format {manifest.format}")
    for file in manifest.files:
        if wrong := _find_fault(source, file):
            raise _unfit(source, f"{file.name}: {wrong}")
    return manifest


def check_stopped(data_dir: Path) -> None:
    """Raise Mistaken while any process of the app works in DATA_DIR."""
    alone = Alone(data_dir / LOCK)
    is_stopped = not data_dir.exists() or alone.enter()
    alone.leave()
    in_use = [name for name in list_databases(data_dir) if name != "app.db" and is_in_use(data_dir / name)]
    if not is_stopped or in_use:
        raise Mistaken(f"The app works in {data_dir}: stop it first", f"Приложение работает в {data_dir}: сначала остановите его")


def _copy(source: Path, target: Path) -> Copied:
    copy_database(source, target)
    if damage := find_damage(target):
        raise Mistaken(f"{source} is damaged: {damage[0]}", f"{source} повреждён: {damage[0]}")
    return _describe(target, list_migrations(target))


def _copy_key(source: Path, target: Path) -> Copied:
    if not source.exists():
        raise Mistaken("The key is not in a file: keep B24APP_SECRET_KEY yourself", "Ключ не в файле: сохраните B24APP_SECRET_KEY сами")
    keys.write_file(target, keys.read_file(source))
    return _describe(target, [])


def _describe(path: Path, migrations: Sequence[str]) -> Copied:
    return Copied(path.name, path.stat().st_size, _digest(path), tuple(migrations))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _find_fault(source: Path, file: Copied) -> str:
    path = source / file.name
    if Path(file.name).name != file.name or not path.is_file():
        return "is missing"
    if _digest(path) != file.sha256:
        return "was changed or is not whole"
    if file.name == keys.FILE:
        return ""
    if unknown := list_unknown(file.name, list(file.migrations)):
        return f"comes from a newer version of the app ({unknown[0]})"
    return next(iter(find_damage(path)), "")


def _unfit(source: Path, why: str) -> Mistaken:
    return Mistaken(f"{source} cannot be restored: {why}", f"{source} нельзя восстановить: {why}")


def _list_there(data_dir: Path) -> list[str]:
    """Return the databases that hold something. Whoever gives the command has made an empty app.db by that."""
    names = list_databases(data_dir) if data_dir.exists() else []
    return [] if names == ["app.db"] and not _has_portals(data_dir / "app.db") else names


def _has_portals(path: Path) -> bool:
    store = AppStore(path)
    try:
        return bool(store.list_portals())
    finally:
        store.close()


def _replaced(data_dir: Path, manifest: Manifest) -> list[str]:
    return [file.name for file in manifest.files if (data_dir / file.name).exists()]


def _put_aside(data_dir: Path, names: Iterable[str]) -> None:
    """Move databases with all that belongs to them: a journal that stayed would be played into the file that takes its place."""
    aside = data_dir / f"before-restore-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
    for name in dict.fromkeys(names):
        for path in [data_dir / f"{name}{part}" for part in PARTS]:
            if path.exists():
                aside.mkdir(mode=0o700, exist_ok=True)
                path.replace(aside / path.name)


def _now() -> str:
    return time.strftime(INSTANT, time.gmtime())
