"""The small file that all processes of this machine share for one portal: the bucket in a fixed record, the ledger behind it.

A file lock orders the processes; the kernel lets go of it when its holder is killed. A file that is missing, torn or of
another version reads as empty: the portal's own 503 then teaches us.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

from b24app.bitrix.ledger import Ledger
from b24app.bitrix.limits import Bucket

MAGIC = b"b24b1"
HEAD = struct.Struct("<5sIdddQ")  # magic, crc of what follows it, level, at, bulk_at, edition of the ledger
NUMBERS = struct.Struct("<dddQ")
BODY = struct.Struct("<II")  # length and crc of the ledger
BODY_AT = 64
SIZE = 65536  # taken at once: a disk that is full later does not stop the limiter


@dataclass
class Held:
    """What a holder of the lock may read and change."""

    bucket: Bucket = field(default_factory=Bucket)
    ledger: Ledger = field(default_factory=Ledger)
    ledger_changed: bool = False


class State:
    """Safe for threads and processes. Without a path it is of this process alone, for tests and tools."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._file = -1
        self._edition = 0
        self._ledger = Ledger()
        self._alone = Held()

    @contextmanager
    def hold(self) -> Iterator[Held]:
        """Hold the lock: microseconds. What was changed is written when the block ends well."""
        with self._lock:
            if self._path is None:
                yield self._alone
                return
            file = self._take(self._path)
            try:
                held = self._read(file)
                yield held
                self._write(file, held)
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file; the next `hold` opens it again."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _take(self, path: Path) -> int:
        """Lock the file that has the name now: a removed portal's file may have been unlinked under us."""
        while True:
            if self._file < 0:
                self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                self._edition, self._ledger = 0, Ledger()
            fcntl.flock(self._file, fcntl.LOCK_EX)
            ours = os.fstat(self._file)
            if path.exists() and path.stat().st_ino == ours.st_ino:
                if ours.st_size < SIZE:
                    os.posix_fallocate(self._file, 0, SIZE)
                return self._file
            os.close(self._file)
            self._file = -1

    def _read(self, file: int) -> Held:
        head = os.pread(file, HEAD.size, 0)
        magic, crc, *numbers = HEAD.unpack(head) if len(head) == HEAD.size else (b"", 0, 0.0, 0.0, 0.0, 0)
        if magic != MAGIC or crc32(NUMBERS.pack(*numbers)) != crc:
            self._edition, self._ledger = 0, Ledger()
            return Held(ledger=self._ledger)
        level, at, bulk_at, edition = numbers
        if edition != self._edition:
            self._edition, self._ledger = edition, _read_ledger(file)
        return Held(Bucket(level, at, bulk_at), self._ledger)

    def _write(self, file: int, held: Held) -> None:
        """Write the ledger before the head that names its edition."""
        if held.ledger_changed:
            self._edition += 1
            body = held.ledger.to_json()
            if len(body) + BODY.size + BODY_AT > SIZE:  # cannot be with the methods that we know; begin anew rather than fail
                body = Ledger(manner=held.ledger.manner).to_json()
            os.pwrite(file, BODY.pack(len(body), crc32(body)) + body, BODY_AT)
        numbers = (held.bucket.level, held.bucket.at, held.bucket.bulk_at, self._edition)
        os.pwrite(file, HEAD.pack(MAGIC, crc32(NUMBERS.pack(*numbers)), *numbers), 0)


def _read_ledger(file: int) -> Ledger:
    head = os.pread(file, BODY.size, BODY_AT)
    length, crc = BODY.unpack(head) if len(head) == BODY.size else (0, 0)
    body = os.pread(file, length, BODY_AT + BODY.size) if 0 < length < SIZE else b""
    if not body or crc32(body) != crc:
        return Ledger()
    try:
        return Ledger.from_json(body)
    except (ValueError, KeyError, TypeError):  # of another version
        return Ledger()
