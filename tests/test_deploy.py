"""What stands in deploy/ fits the product: real settings, real addresses, real files, and units that systemd can read."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from b24app.config import SETTINGS
from b24app.supervisor import STOP_SECONDS

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
ENVIRONMENTS = {setting.env for setting in SETTINGS}
REQUIRED = {setting.env for setting in SETTINGS if setting.is_required}
NOT_OURS = {"B24APP_HOST"}  # Caddy's own
ROOMS = ("b24app", "handlers", "robots", "install", "pages")


def read(name: str) -> str:
    """Return one of its files."""
    return (DEPLOY / name).read_text(encoding="utf-8")


def compose() -> dict[str, Any]:
    """Return what the compose file declares."""
    found: dict[str, Any] = yaml.safe_load(read("compose.yaml"))
    return found


@pytest.mark.parametrize("path", sorted(DEPLOY.iterdir()), ids=lambda path: path.name)
def test_every_setting_is_one_of_ours(path: Path) -> None:
    """A name that nobody reads would be a setting that does nothing."""
    assert set(re.findall(r"B24APP_[A-Z_]+", path.read_text(encoding="utf-8"))) <= ENVIRONMENTS | NOT_OURS


def test_example_names_what_is_required() -> None:
    """Whoever fills it in can start, and no secret stands in it."""
    given = dict(line.split("=", 1) for line in read("b24app.env.example").splitlines() if "=" in line and not line.startswith("#"))

    assert given.keys() >= REQUIRED
    assert given["B24APP_CLIENT_SECRET"] == ""


def test_image_holds_the_product_and_nothing_else() -> None:
    """Every room that `wsgi.py` needs, no sandbox, no tests; it runs as nobody in particular and asks whether it is alive."""
    dockerfile = read("Dockerfile")
    copied = {word for line in re.findall(r"^COPY (?!--)(.+) \S+$", dockerfile, re.MULTILINE) for word in line.split()}
    ignored = set(re.findall(r"^!(\S+)$", read("Dockerfile.dockerignore"), re.MULTILINE))

    assert copied == {*ROOMS, "wsgi.py", "requirements.txt", "constraints.txt"} == ignored
    assert all((ROOT / name).exists() for name in copied)
    assert re.findall(r"^USER (\S+)$", dockerfile, re.MULTILINE) == ["10001"]
    assert "/healthz" in dockerfile


def test_containers_fit_together() -> None:
    """Caddy waits for the app, speaks to its port, keeps its data; the app may take the time that it needs to stop."""
    services = compose()["services"]

    assert (DEPLOY / services["app"]["build"]["context"] / services["app"]["build"]["dockerfile"]).exists()
    assert services["app"]["env_file"] == "b24app.env"
    assert int(services["app"]["stop_grace_period"].removesuffix("s")) > STOP_SECONDS
    mounted = {volume.split(":")[0] for service in services.values() for volume in service["volumes"]}
    assert mounted - {"./Caddyfile"} == set(compose()["volumes"])
    assert "ports" not in services["app"]
    assert "reverse_proxy app:8025" in read("Caddyfile")
    assert "path /metrics /readyz" in read("Caddyfile")


def test_unit_gives_time_to_stop() -> None:
    """systemd does not kill what is about to end by itself, and starts again whatever ends."""
    unit = read("b24app.service")

    assert int(re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[0]) > STOP_SECONDS
    assert "Restart=always" in unit
    assert "--app wsgi serve" in unit


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
def test_systemd_reads_the_units(tmp_path: Path) -> None:
    """Every word is one that systemd knows."""
    units = []
    for path in sorted(DEPLOY.glob("b24app*.[st]*r*")):
        text = path.read_text(encoding="utf-8").replace("/opt/b24app/.venv/bin/flask", "/bin/true").replace("/opt/b24app", "/")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
        units.append(str(tmp_path / path.name))

    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False, timeout=120)

    said = [line for line in done.stderr.splitlines() if "b24app" in line]
    assert len(units) == 3
    assert said == []
