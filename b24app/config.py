"""The settings: each is declared once, here, with its meaning; read from the environment, frozen ever after.

Reads nothing else but the one file that holds the generated key.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from b24app import keys
from b24app.errors import NotConfigured

PREFIX = "B24APP_"
SHORTEST_KEY = 16
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def _text(value: str) -> str:
    return value.strip()


def _whole(value: str) -> int:
    number = int(value)
    if number <= 0:
        raise ValueError("must be above zero")
    return number


def _count(value: str) -> int:
    number = int(value)
    if number < 0:
        raise ValueError("must not be below zero")
    return number


def _seconds(value: str) -> float:
    number = float(value)
    if not 0 < number < 10**9:
        raise ValueError("must be above zero")
    return number


def _key(value: str) -> str:
    if len(value.strip()) < SHORTEST_KEY:
        raise ValueError(f"must have {SHORTEST_KEY} characters or more")
    return value.strip()


def _address(value: str) -> str:
    parts = urlsplit(value.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("must be an http(s) address")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path}"


def _base(value: str) -> str:
    return _address(value).rstrip("/")


def _origins(value: str) -> tuple[str, ...]:
    origins = tuple(_base(part) for part in value.split(",") if part.strip())
    if not origins or any(urlsplit(origin).path for origin in origins):
        raise ValueError("must be a comma list of https://host")
    return origins


def _bind(value: str) -> str:
    host, _, port = value.strip().rpartition(":")
    if not host or not port.isdigit():
        raise ValueError("must be host:port")
    return value.strip()


def _level(value: str) -> str:
    if value.strip().upper() not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
    return value.strip().upper()


def _setting(parse: Callable[[str], Any], description: str, default: Any = MISSING, secret: bool = False) -> Any:
    meta = {"parse": parse, "description": description}
    return field(default=default, repr=not secret, metadata=meta)


@dataclass(frozen=True, kw_only=True)
class Config:
    """Every setting, typed. Its repr shows no secret."""

    client_id: str = _setting(_text, "Application ID (client_id) from the portal's page of the local application")
    client_secret: str = _setting(_text, "Application key (client_secret) from the same page", secret=True)
    url: str = _setting(_base, "Our own public address, https://, as the portal and the people's browsers reach it")
    portals: tuple[str, ...] = _setting(
        _origins, "Portals that may install us: comma list of https://company.bitrix24.ru; needed unless INSTALL_KEY is given", ()
    )
    install_key: str = _setting(
        _key,
        "Lets any portal in whose installation path ends in ?key=...: an alternative to PORTALS, 16 characters or more",
        "",
        secret=True,
    )
    data_dir: Path = _setting(Path, "Directory of all that we keep", Path("var/data"))  # noqa: RUF009 - a Path never changes
    oauth_url: str = _setting(_base, "Bitrix24's authorization server", "https://oauth.bitrix24.tech")
    js_url: str = _setting(_address, "Bitrix24's BX24 script", "https://api.bitrix24.tech/api/v1/")
    secret_key: str = _setting(
        _text,
        "Seals tokens and signs sessions; a comma list while keys change; made in DATA_DIR/secret.key when it is not given",
        "",
        secret=True,
    )
    bind: str = _setting(_bind, "host:port on which the web process listens", "127.0.0.1:8025")
    web_threads: int = _setting(_whole, "Requests answered at the same time", 32)
    max_body: int = _setting(_whole, "Largest request that is read, bytes", 262144)
    proxies: int = _setting(_count, "Our own proxies in front of the web process: whose X-Forwarded-For names the caller", 0)
    metrics_token: str = _setting(
        _text, "Bearer token that /metrics wants; without one it answers this machine alone, and nobody through a proxy", "", secret=True
    )
    log_level: str = _setting(_level, "DEBUG, INFO, WARNING or ERROR", "INFO")
    jobs_url: str = _setting(
        _text, "Database of jobs, for this app alone: empty for DATA_DIR/jobs.db, or postgresql://...", "", secret=True
    )
    executor_id: str = _setting(_text, "Name of this worker; another name takes over the work of the one before", "worker-1")
    job_threads: int = _setting(_whole, "Jobs that run at the same time", 8)
    jobs_per_portal: int = _setting(_whole, "Jobs of one portal that run at the same time", 2)
    job_patience_hours: float = _setting(_seconds, "How long a job waits for a portal that is busy or away, hours", 24.0)
    poll_seconds: float = _setting(_seconds, "How often the worker looks for something new, seconds", 0.2)
    keep_days: int = _setting(_whole, "How long finished jobs and messages that were taken in are kept, days", 30)
    sweep_seconds: float = _setting(_seconds, "How often the worker asks the portals what changed, seconds", 300.0)

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Config:
        """Read the environment. Raises NotConfigured that names all that is missing or wrong, and how to mend it."""
        values, wrong = _read(env)
        if not any(env.get(PREFIX + name, "").strip() for name in ("PORTALS", "INSTALL_KEY")):
            wrong.append(f"{PREFIX}PORTALS is missing, or {PREFIX}INSTALL_KEY in its place (who may install us)")
        if wrong:
            raise _not_configured(wrong)
        config = cls(**values)
        return config if config.secret_key else replace(config, secret_key=keys.find_or_make(config.data_dir / keys.FILE))


@dataclass(frozen=True)
class Setting:
    """One line of the table of settings."""

    name: str
    env: str
    parse: Callable[[str], Any]
    description: str
    default: Any
    is_required: bool
    is_secret: bool


SETTINGS: tuple[Setting, ...] = tuple(
    Setting(
        name=item.name,
        env=PREFIX + item.name.upper(),
        parse=item.metadata["parse"],
        description=item.metadata["description"],
        default=None if item.default is MISSING else item.default,
        is_required=item.default is MISSING,
        is_secret=not item.repr,
    )
    for item in fields(Config)
)


def describe_settings() -> str:
    """Return the table of settings for people, in Markdown; docs/settings.md is held against it by a test."""
    lines = ["| variable | meaning | default |", "|---|---|---|"]
    for setting in SETTINGS:
        default = "**required**" if setting.is_required else f"`{_printed(setting.default)}`" if setting.default else ""
        lines.append(f"| `{setting.env}` | {setting.description} | {default} |")
    return "\n".join(lines) + "\n"


def _printed(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _read(env: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for setting in SETTINGS:
        text = env.get(setting.env, "").strip()
        if text:
            try:
                values[setting.name] = setting.parse(text)
            except ValueError as error:
                wrong.append(f"{setting.env} is wrong: {error} ({setting.description})")
        elif setting.is_required:
            wrong.append(f"{setting.env} is missing ({setting.description})")
    return values, wrong


def _not_configured(wrong: list[str]) -> NotConfigured:
    lines = "".join(f"\n  {line}" for line in wrong)
    return NotConfigured(
        f"Settings are missing or wrong. Set these environment variables and start again:{lines}",
        f"Не хватает настроек или они неверны. Задайте переменные окружения и запустите снова:{lines}",
    )
