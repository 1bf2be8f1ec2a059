"""The log: one JSON line an event, with portal, job and request bound to it; secrets never reach it.

Redaction is done on the finished line's values, so that other people's loggers and tracebacks pass through it too.
"""

from __future__ import annotations

import json
import logging
import re
import resource
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

    from b24app.config import Config

HIDDEN = "***"
# Names whose values are never written, in Bitrix24's words and in ours.
HIDDEN_NAMES = (
    "access_token|refresh_token|application_token|event_token|client_secret|auth_id|refresh_id|auth|"
    "authorization|secret_key|secret|password|passwd|token|x-app-session|app_session|cookie|set-cookie"
)
_HIDDEN_NAME = re.compile(f"(?i)(?:{HIDDEN_NAMES})")
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # name=value, auth[name]=value, "name": "value"; a name with a mere colon is a sentence: "auth: Missing data"
    (
        re.compile(rf"""(?i)(?:(?<![\w-])|(?<=%5B))((?:{HIDDEN_NAMES})(?:(?:\]|%5D)?\s*(?:=|%3D)|["']\s*[:=])\s*["']?)([^\s"'&,;}}\]]+)"""),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(?i)((?:authorization|x-app-session|cookie):\s*)[^\r\n]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)(bearer\s+)[\w.~+/=-]{8,}"), rf"\1{HIDDEN}"),
    (re.compile(r"(/rest/\d+/)[A-Za-z0-9]+"), rf"\1{HIDDEN}"),  # an incoming webhook's address is its secret
    (re.compile(r"(://[^/\s:@]+:)[^@\s/]+@"), rf"\1{HIDDEN}@"),  # user:password@host
)
_ORDINARY = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_DBOS = frozenset({"applicationID", "applicationVersion", "executorID", "operationUUID"})

log = logging.getLogger(__name__)

_bound: ContextVar[Mapping[str, Any]] = ContextVar("bound", default={})  # noqa: B039 - never changed in place


@contextmanager
def bound(**values: Any) -> Iterator[None]:
    """Write these values with every line of this thread inside the block."""
    token = _bound.set({**_bound.get(), **values})
    try:
        yield
    finally:
        _bound.reset(token)


class PortalLog(logging.LoggerAdapter[logging.Logger]):
    """A logger that names its portal and keeps what a call adds in `extra`; the standard adapter drops that."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Put both together."""
        return msg, {**kwargs, "extra": {**(self.extra or {}), **(kwargs.get("extra") or {})}}


class Redactor:
    """Takes secrets out of text and values: by name, by shape, and those of our own settings by heart."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = tuple(sorted({secret for secret in known if len(secret) >= 6}, key=len, reverse=True))

    def text(self, text: str) -> str:
        """Return the text without secrets."""
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def value(self, name: str, value: Any) -> Any:
        """Return a value as it may be written under a name."""
        if value and _HIDDEN_NAME.fullmatch(name):
            return HIDDEN
        if isinstance(value, Mapping):
            return {str(key): self.value(str(key), inner) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value("", inner) for inner in value]
        return value if value is None or isinstance(value, bool | int | float) else self.text(str(value))


class JsonLines(logging.Formatter):
    """One event, one line."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: when, how grave, where, what, then all that is bound and all that was given."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "log": record.name,
            "event": record.getMessage(),
            **_bound.get(),
            **{name: value for name, value in record.__dict__.items() if name not in _ORDINARY | _DBOS},
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps({name: self._redactor.value(name, value) for name, value in line.items()}, ensure_ascii=False)


def set_up_logging(config: Config) -> None:
    """Send every logger of this process through our lines to stderr. Call it once, where a process begins."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(Redactor((config.client_secret, *config.secret_key.split(",")))))
    logging.basicConfig(level=config.log_level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in ("gunicorn.error", "gunicorn.access"):
        other = logging.getLogger(name)
        other.handlers, other.propagate = [], True
    for name in ("urllib3", "asyncio", "sqlalchemy", "fast_bitrix24"):
        logging.getLogger(name).setLevel(logging.WARNING)


def keep_crashes_in() -> None:
    """Let what nobody has caught, in whichever thread, end as a line of the log: Python would print it as it is. And no image of the
    memory, with its secrets, is left behind when the process is killed by a fault."""
    sys.excepthook = _say_crash
    threading.excepthook = lambda args: _say_crash(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)
    sys.unraisablehook = lambda args: _say_crash(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _say_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    log.critical("crash", exc_info=(kind, error, trace))
