"""PDFs of documents, made by LibreOffice in the background, when it is on the machine.

Owns the call of `soffice` and the thread that works off the documents that wait for a PDF. There is never a PDF that
LibreOffice did not make: without it, or when it fails, the document says that its transformation failed, and why.
"""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import filestore

if TYPE_CHECKING:
    from sandbox.portal import Portal

NAMES = ("soffice", "libreoffice")
TIME_OUT = 90.0  # seconds; the first start of LibreOffice with a fresh profile takes several

NO_PDF, WAITING, READY, FAILED = "", "waiting", "ready", "failed"


class NotTransformed(RuntimeError):
    """No PDF came out; the text says why in words for a person."""


class Cancelled(RuntimeError):
    """The portal stops; the document goes on waiting."""


def find_office() -> str | None:
    """Return the path of LibreOffice, or None where it is not installed."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Office:
    """One LibreOffice at a time, with a profile of its own for every call."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._is_cancelled = False

    def make_pdf(self, content: bytes, time_out: float = TIME_OUT) -> bytes:
        """Return the PDF of a .docx. Raises NotTransformed, Cancelled."""
        office = find_office()
        if office is None:
            raise NotTransformed("LibreOffice (soffice) is not installed on this machine")
        with tempfile.TemporaryDirectory(prefix="sandbox-pdf-", ignore_cleanup_errors=True) as folder:
            source = Path(folder) / "document.docx"
            source.write_bytes(content)
            self._run([office, *_options(folder), str(source)], folder, time_out)
            target = source.with_suffix(".pdf")
            if not target.exists():
                raise NotTransformed("LibreOffice made no PDF of this file")
            return target.read_bytes()

    def cancel(self) -> None:
        """End the call that runs, from another thread; this office makes no more."""
        self._is_cancelled = True
        self._kill()

    def _kill(self) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

    def _run(self, command: list[str], folder: str, time_out: float) -> None:
        """Run it in a process group of its own: `soffice` is a wrapper, and its child must go with it."""
        quiet = subprocess.DEVNULL
        home = {**os.environ, "HOME": folder}
        with subprocess.Popen(command, cwd=folder, env=home, stdout=quiet, stderr=quiet, start_new_session=True) as process:  # noqa: S603  # nosec B603
            self._process = process
            try:
                if self._is_cancelled:
                    self._kill()
                process.wait(time_out)
            except subprocess.TimeoutExpired as error:
                self._kill()
                raise NotTransformed(f"LibreOffice did not finish in {time_out:.0f} seconds") from error
            finally:
                self._process = None
        if self._is_cancelled:
            raise Cancelled


def _options(folder: str) -> list[str]:
    profile = (Path(folder) / "profile").as_uri()
    return [f"-env:UserInstallation={profile}", "--headless", "--norestore", "--convert-to", "pdf", "--outdir", folder]


class PdfMaker:
    """The thread that gives documents their PDFs, one after another."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._queue: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._office = Office()

    def start(self) -> None:
        """Start; documents that waited when the portal stopped are taken first."""
        self._office = Office()
        for document in self._portal.store.find("documents", {"PDF_STATE": WAITING}):
            self._queue.put(document["ID"])
        self._thread = threading.Thread(target=self._run, name="pdf", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop at once; what is not ready goes on waiting."""
        if self._thread is None:
            return
        self._queue.put(None)
        self._office.cancel()
        self._thread.join()
        self._thread, self._queue = None, queue.SimpleQueue()

    def ask(self, document_id: int) -> None:
        """Ask for a document's PDF; its PDF_STATE is `waiting` already."""
        if self._thread is not None:
            self._queue.put(document_id)

    def _run(self) -> None:
        while (key := self._queue.get()) is not None:
            try:
                self._make(key)
            except Cancelled:
                return

    def _make(self, key: int) -> None:
        store = self._portal.store
        document = store.get("documents", key)
        if document is None or document["PDF_STATE"] != WAITING:
            return
        try:
            made = self._office.make_pdf(filestore.read(self._portal, document["FILE_ID"]).content)
        except NotTransformed as error:
            outcome: dict[str, Any] = {"PDF_STATE": FAILED, "PDF_ERROR": str(error)}
        else:
            file_id = filestore.save(self._portal, f"{document['TITLE']}.pdf", "application/pdf", made)
            outcome = {"PDF_STATE": READY, "PDF_ID": file_id, "PDF_ERROR": ""}
        with store.write():
            now = store.get("documents", key)
            if now is not None and now["FILE_ID"] == document["FILE_ID"]:  # else it was changed meanwhile, and is queued again
                store.save("documents", key, outcome)
