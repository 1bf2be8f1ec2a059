"""Makes a PDF of a .docx that was filled here, with LibreOffice when this machine has it. Without it there is no PDF, and that is said.

One call at a time, with a profile and a folder of its own; nothing of the file runs: macros are off in a fresh profile.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

NAMES = ("soffice", "libreoffice")
TIME_OUT = 90.0  # seconds; the first start with a fresh profile takes several

_one_at_a_time = threading.Lock()


def find_office() -> str | None:
    """Return the path of LibreOffice, or None where it is not installed."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def make_pdf(content: bytes, time_out: float = TIME_OUT) -> bytes | None:
    """Return the PDF, or None when there is no LibreOffice or it did not make one in time."""
    office = find_office()
    if office is None:
        return None
    with _one_at_a_time, tempfile.TemporaryDirectory(prefix="b24app-pdf-", ignore_cleanup_errors=True) as folder:
        source = Path(folder) / "document.docx"
        source.write_bytes(content)
        profile = f"-env:UserInstallation={(Path(folder) / 'profile').as_uri()}"
        _run([office, profile, "--headless", "--norestore", "--convert-to", "pdf", "--outdir", folder, str(source)], folder, time_out)
        made = source.with_suffix(".pdf")
        return made.read_bytes() if made.exists() else None


def _run(command: list[str], folder: str, time_out: float) -> None:
    """Run it in a process group of its own: `soffice` is a wrapper, and its child must go with it."""
    quiet = subprocess.DEVNULL
    home = {**os.environ, "HOME": folder}
    with subprocess.Popen(command, cwd=folder, env=home, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True) as process:  # noqa: S603  # nosec B603
        try:
            process.wait(time_out)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
