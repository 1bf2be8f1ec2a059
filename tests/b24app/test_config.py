"""Settings: named once, all that is missing at once, no secret in sight."""

from __future__ import annotations

import dataclasses
import stat
import threading
from pathlib import Path

import pytest

from b24app.config import SETTINGS, Config, describe_settings
from b24app.errors import NotConfigured

ENV = {
    "B24APP_CLIENT_ID": "local.5f",
    "B24APP_CLIENT_SECRET": "the-client-secret",
    "B24APP_URL": "https://Sales.Example.ru/",
    "B24APP_PORTALS": "https://One.bitrix24.ru/, https://two.bitrix24.ru",
    "B24APP_SECRET_KEY": "the-secret-key",
}


def test_environment_becomes_typed_settings() -> None:
    """Addresses lose their last slash and their capitals, lists are split, what is not given has its default."""
    config = Config.from_env(ENV)

    assert config.url == "https://sales.example.ru"
    assert config.portals == ("https://one.bitrix24.ru", "https://two.bitrix24.ru")
    assert (config.data_dir, config.max_body, config.bind) == (Path("var/data"), 262144, "127.0.0.1:8025")


def test_all_that_is_missing_is_named_at_once() -> None:
    """A person mends everything in one go: each missing or wrong name is in the sentence, in both languages."""
    with pytest.raises(NotConfigured) as caught:
        Config.from_env({"B24APP_URL": "sales.example.ru", "B24APP_WEB_THREADS": "many", "B24APP_BIND": "8025"})

    for lang in ("en", "ru"):
        sentence = caught.value.sentence(lang)
        for name in ("CLIENT_ID", "CLIENT_SECRET", "PORTALS", "URL", "WEB_THREADS", "BIND"):
            assert f"B24APP_{name} " in sentence


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("URL", "ftp://sales.example.ru"),
        ("URL", "https://user:pass@example.ru"),
        ("PORTALS", "https://one.bitrix24.ru/path"),
        ("PORTALS", ","),
        ("MAX_BODY", "0"),
        ("SWEEP_SECONDS", "nan"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_wrong_value_is_refused(name: str, value: str) -> None:
    """A value that cannot be meant is named at start, not at night."""
    with pytest.raises(NotConfigured, match=f"B24APP_{name} is wrong"):
        Config.from_env({**ENV, f"B24APP_{name}": value})


def test_repr_shows_no_secret() -> None:
    """A config that is printed gives nothing away."""
    shown = repr(Config.from_env({**ENV, "B24APP_JOBS_URL": "postgresql://u:hidden-password@db/jobs"}))

    assert not any(secret in shown for secret in ("the-client-secret", "the-secret-key", "hidden-password"))


def test_config_cannot_be_changed() -> None:
    """Settings are read once."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config.from_env(ENV).client_id = "other"  # type: ignore[misc]


def test_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    """Without SECRET_KEY a key is made in DATA_DIR, readable by its owner alone, the same for all who start at once."""
    env = {key: value for key, value in ENV.items() if key != "B24APP_SECRET_KEY"} | {"B24APP_DATA_DIR": str(tmp_path / "data")}
    keys: list[str] = []
    threads = [threading.Thread(target=lambda: keys.append(Config.from_env(env).secret_key)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    path = tmp_path / "data" / "secret.key"
    assert len(keys) == 8
    assert len(set(keys)) == 1
    assert len(keys[0]) > 40
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_every_setting_says_what_it_is() -> None:
    """Name, variable and meaning come from one declaration."""
    assert [setting.name for setting in SETTINGS] == [field.name for field in dataclasses.fields(Config)]
    assert all(setting.description and setting.env == f"B24APP_{setting.name.upper()}" for setting in SETTINGS)


def test_documentation_lists_every_setting() -> None:
    """The page of settings is the table that the declarations give."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")

    assert describe_settings() in page
