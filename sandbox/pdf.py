"""A .docx made into a PDF by LibreOffice, when it is on the machine.

Owns the call of `soffice` and nothing else: who asks, when and where the result is kept is known elsewhere.
There is never a PDF that LibreOffice did not make.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

NAMES = ("soffice", "libreoffice")
TIME_OUT = 90.0  # seconds; the first start of LibreOffice with a fresh profile takes several


class NotTransformed(RuntimeError):
    """No PDF came out; the text says why in words for a person."""


def find_office() -> str | None:
    """Return the path of LibreOffice, or None where it is not installed."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def make_pdf(content: bytes, time_out: float = TIME_OUT) -> bytes:
    """Return the PDF of a .docx. Raises NotTransformed. Has a profile of its own, so that calls do not wait for each other."""
    office = find_office()
    if office is None:
        raise NotTransformed("LibreOffice (soffice) is not installed on this machine")
    with tempfile.TemporaryDirectory(prefix="sandbox-pdf-") as folder:
        source = Path(folder) / "document.docx"
        source.write_bytes(content)
        _run([office, *_options(folder), str(source)], folder, time_out)
        target = source.with_suffix(".pdf")
        if not target.exists():
            raise NotTransformed("LibreOffice made no PDF of this file")
        return target.read_bytes()


def _options(folder: str) -> list[str]:
    profile = (Path(folder) / "profile").as_uri()
    return [f"-env:UserInstallation={profile}", "--headless", "--norestore", "--convert-to", "pdf", "--outdir", folder]


def _run(command: list[str], folder: str, time_out: float) -> None:
    """Run it in a process group of its own: `soffice` is a wrapper, and its child must go with it."""
    with subprocess.Popen(  # noqa: S603 - the program is looked up by name, the file is ours
        command,
        cwd=folder,
        env={**os.environ, "HOME": folder},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            process.wait(time_out)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            raise NotTransformed(f"LibreOffice did not finish in {time_out:.0f} seconds") from error
