"""Asks whether any pinned package has a known vulnerability: `python -m tests.audit`, a part of `make lint`; `make audit` is strict.

Strict, it ends with 1 for a vulnerability that is known; else it only says so, for the same commit has to lint tomorrow as it does
today. Where the service cannot be reached, or knows nothing of our packages, it says that: nobody takes silence for an answer.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "constraints.txt"
SECONDS = 240
STRICT = "--strict"
# Vulnerabilities that do not concern us: the id, and why. Looked through at every upgrade.
ACCEPTED: dict[str, str] = {}


def ask(pins: Path, answer: Path) -> str:
    """Have pip-audit write its answer; return what it said besides."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(pins), "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    try:
        done = subprocess.run([*command, "-f", "json", "-o", str(answer)], capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"no answer in {SECONDS} s"
    return done.stderr.strip()


def judge(packages: list[dict[str, Any]]) -> tuple[int, list[str]]:
    """Return the exit code and what to say of an answer."""
    known = [(one, found) for one in packages for found in one.get("vulns", ()) if found["id"] not in ACCEPTED]
    lines = [f"{one['name']} {one['version']}: {found['id']}, mended in {_versions(found)}" for one, found in known]
    skipped = sum("skip_reason" in one for one in packages)
    if skipped:
        lines.append(f"pip-audit: NOT AUDITED: {skipped} of {len(packages)} packages are not known to the service")
    return int(bool(known)), [*lines, *([] if known or skipped else [f"pip-audit: {len(packages)} packages, nothing known against them"])]


def _versions(found: dict[str, Any]) -> str:
    return ", ".join(found["fix_versions"]) or "no version"


def main() -> int:
    """Ask and say."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        said = ask(PINS, answer)
        if not answer.exists() or not answer.stat().st_size:
            sys.stdout.write(f"pip-audit: NOT AUDITED, the service cannot be asked: {(said.splitlines() or ['no answer'])[-1]}\n")
            return 0
        code, lines = judge(json.loads(answer.read_text(encoding="utf-8"))["dependencies"])
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return code if STRICT in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
