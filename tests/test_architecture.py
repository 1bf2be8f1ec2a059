"""The import law of the house: arrows point inward, one door per outside thing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("b24app", "handlers", "robots", "install", "pages", "sandbox", "demo")

FLOORS: tuple[tuple[str, int], ...] = (
    ("b24app.errors", 0),
    ("b24app.config", 0),
    ("b24app.context", 0),
    ("b24app.masking", 0),
    ("b24app.keys", 0),
    ("b24app.log", 0),
    ("b24app.bitrix", 1),
    ("b24app.store", 1),
    ("b24app.jobs", 1),
    ("b24app.pursuit", 1),
    ("b24app.attempts", 1),
    ("b24app.lanes", 1),
    ("b24app.alone", 1),
    ("b24app.figures", 1),
    ("b24app.hours", 1),
    ("b24app.refusals", 1),
    ("b24app.portals", 2),
    ("b24app.sync", 2),
    ("b24app.clients", 2),
    ("b24app.segments", 2),
    ("b24app.documents", 2),
    ("b24app.hygiene", 2),
    ("b24app.services", 2),
    ("b24app.touches", 3),
    ("b24app.privacy", 3),
    ("b24app.leaving", 3),
    ("b24app.drain", 3),
    ("b24app.upkeep", 3),
    ("b24app.timers", 3),
    ("b24app.worker", 3),
    ("b24app.health", 3),
    ("b24app.backup", 3),
    ("b24app.integrity", 3),
    ("install", 4),
    ("handlers", 4),
    ("robots", 4),
    ("pages", 4),
    ("b24app.cli", 5),
    ("b24app.cli_portals", 5),
    ("b24app.cli_persons", 5),
    ("b24app.cli_segments", 5),
    ("b24app.cli_upkeep", 5),
    ("b24app.cli_words", 5),
    ("b24app.web", 5),
    ("b24app.web_operations", 5),
    ("b24app.metrics", 5),
    ("b24app.supervisor", 5),
    ("b24app.app", 5),
)
CORE = ("b24app.errors", "b24app.config", "b24app.context", "b24app.log")
APART = ("b24app.portals", "b24app.sync", "b24app.clients", "b24app.segments", "b24app.documents", "b24app.hygiene")
EDGES = ("install", "handlers", "robots", "pages")
# One door per outside thing: who may import it.
DOORS = {
    "sqlite3": ("b24app.store", "sandbox"),
    "sqlite_utils": ("b24app.store", "sandbox"),
    "requests": ("b24app.bitrix", "sandbox", "demo"),
    "aiohttp": ("b24app.bitrix",),
    "fast_bitrix24": ("b24app.bitrix",),
    "dbos": ("b24app.jobs",),
    "prometheus_client": ("b24app.metrics",),
    "cryptography": ("b24app.portals",),
    "numpy": ("b24app.clients",),
}
PURE = (
    "b24app.bitrix.payloads",
    "b24app.bitrix.limits",
    "b24app.bitrix.plain_event",
    "b24app.attempts",
    "b24app.clients.counting",
    "b24app.clients.facts",
    "b24app.clients.forecast",
    "b24app.clients.lifetime",
    "b24app.clients.person",
    "b24app.clients.purchases",
    "b24app.clients.rfm",
    "b24app.clients.rhythm",
    "b24app.clients.talks",
    "b24app.clients.together",
    "b24app.segments.compile",
    "b24app.segments.dates",
    "b24app.segments.ending_words",
    "b24app.segments.endings",
    "b24app.segments.lines",
    "b24app.segments.paste",
    "b24app.segments.turning",
    "b24app.documents.values",
    "b24app.documents.safety",
    "b24app.documents.refusals",
    "b24app.documents.requisites",
    "b24app.documents.phrases",
    "b24app.documents.options",
    "b24app.documents.lines",
    "b24app.documents.history",
    "b24app.documents.gaps",
    "b24app.documents.english_amount",
    "b24app.documents.dossier",
    "b24app.hygiene.checks",
    "b24app.hygiene.forms",
    "b24app.hours",
    "b24app.touches.reasons",
    "b24app.touches.suggestions",
    "b24app.portals.roles",
    "b24app.masking",
    "b24app.sync.kinds",
    "b24app.sync.columns",
    "b24app.sync.rows",
    "b24app.sync.shapes",
    "b24app.sync.activity_rows",
    "b24app.sync.dictionary_rows",
)
IO = ("requests", "sqlite3", "sqlite_utils", "flask", "aiohttp", "dbos", "socket", "subprocess", "threading", "time")


def module_name(path: Path) -> str:
    """Return the dotted name of a source file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def run_time_imports(path: Path) -> set[str]:
    """Return what a file imports when it runs; what only the type checker sees does not count."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


def is_in(module: str, rooms: tuple[str, ...] | str) -> bool:
    """Tell whether a module is one of the rooms or inside one."""
    names = (rooms,) if isinstance(rooms, str) else rooms
    return any(module == name or module.startswith(name + ".") for name in names)


def floor_of(module: str) -> int | None:
    """Return the floor of a module of the app, None for what is not ours."""
    return next((floor for name, floor in FLOORS if is_in(module, name)), None)


FILES = [*sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")), ROOT / "wsgi.py"]
IMPORTS = {module_name(path): run_time_imports(path) for path in FILES if path.exists()}
OURS = sorted(name for name in IMPORTS if not is_in(name, ("sandbox", "demo", "wsgi")))


def test_every_module_has_a_floor() -> None:
    """A new module must say on which floor it lives."""
    homeless = [name for name in OURS if floor_of(name) is None and name != "b24app"]

    assert homeless == []


@pytest.mark.parametrize("module", OURS)
def test_imports_point_inward(module: str) -> None:
    """A room imports only from the floors below its own, or from itself."""
    floor = floor_of(module)
    upward = [name for name in IMPORTS[module] if (other := floor_of(name)) is not None and floor is not None and other > floor]

    assert upward == []


@pytest.mark.parametrize("rooms", [APART, EDGES], ids=["floor 2", "floor 4"])
def test_neighbours_do_not_know_each_other(rooms: tuple[str, ...]) -> None:
    """Rooms of floor 2, and the edges of floor 4, never import each other; install alone reads the edges' tuples."""
    crossings = [
        (module, name)
        for module, names in IMPORTS.items()
        for name in names
        for room in rooms
        if is_in(module, room) and is_in(name, tuple(other for other in rooms if other != room))
        if not is_in(module, "install.plan")
    ]

    assert crossings == []


def test_sandbox_and_app_are_strangers() -> None:
    """The app has no branch for the sandbox and the sandbox none for the app; the demo speaks HTTP to both."""
    app_rooms = ("b24app", "handlers", "robots", "install", "pages", "wsgi")
    crossings = [
        (module, name)
        for module, names in IMPORTS.items()
        for name in names
        if (is_in(module, app_rooms) and is_in(name, ("sandbox", "demo")))
        or (is_in(module, "sandbox") and is_in(name, (*app_rooms, "demo")))
        or (is_in(module, "demo") and is_in(name, (*app_rooms, "sandbox")))
    ]

    assert crossings == []


@pytest.mark.parametrize("package", sorted(DOORS))
def test_one_door_per_outside_thing(package: str) -> None:
    """Only its own room touches a database driver, an HTTP client, the job engine, the cipher."""
    strangers = [m for m, names in IMPORTS.items() if any(is_in(n, package) for n in names) and not is_in(m, DOORS[package])]

    assert strangers == []


def test_only_app_knows_flask() -> None:
    """The product's own rooms know nothing of the web."""
    allowed = (
        "b24app.app",
        "b24app.web",
        "b24app.web_operations",
        "b24app.cli",
        "b24app.cli_portals",
        "b24app.cli_persons",
        "b24app.cli_segments",
        "b24app.cli_upkeep",
        "b24app.cli_words",
        "b24app.services",
        "install",
        "handlers",
        "robots",
        "pages",
        "sandbox",
    )
    strangers = [m for m, names in IMPORTS.items() if any(is_in(n, "flask") for n in names) and not is_in(m, allowed)]

    assert strangers == []


@pytest.mark.parametrize("module", PURE)
def test_deciding_modules_do_no_io(module: str) -> None:
    """What decides is pure: no database, no network, no clock of its own."""
    doers = [name for name in IMPORTS[module] if is_in(name, IO)]

    assert doers == []
