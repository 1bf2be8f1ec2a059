"""app.db: portals, secrets, settings, segments."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from b24app.errors import NotFound
from b24app.store.settings import AppStore

PORTAL = {"member_id": "m1", "url": "https://one.bitrix24.ru", "state": "installing", "scope": ["crm", "bizproc"]}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AppStore]:
    """Give an empty app.db."""
    made = AppStore(tmp_path / "app.db")
    yield made
    made.close()


def test_portal_keeps_columns_that_were_not_given(store: AppStore) -> None:
    """A save of two columns leaves the others alone."""
    store.save_portal(PORTAL)
    store.save_portal({"member_id": "m1", "url": "https://one.bitrix24.ru", "state": "installed"})

    portal = store.find_portal("m1")

    assert portal is not None
    assert (portal["state"], portal["scope"], portal["lang"]) == ("installed", ["crm", "bizproc"], "ru")


def test_unknown_column_is_refused(store: AppStore) -> None:
    """A column's name comes from our code, never from a form."""
    with pytest.raises(ValueError, match="no columns"):
        store.save_portal({**PORTAL, "state; DROP TABLE portal": 1})


def test_unknown_portal_is_none(store: AppStore) -> None:
    """find_ answers None."""
    assert store.find_portal("nobody") is None


def test_portals_are_listed_in_their_order(store: AppStore) -> None:
    """The oldest comes first."""
    for member_id in ("m2", "m1"):
        store.save_portal({**PORTAL, "member_id": member_id})

    assert [row["member_id"] for row in store.list_portals()] == ["m2", "m1"]


def test_secret_comes_back_as_bytes(store: AppStore) -> None:
    """Sealed bytes, replaced by a later save, gone after remove_secrets."""
    store.save_secret("m1", "tokens", b"\x00one")
    store.save_secret("m1", "tokens", b"\xfftwo")
    found = store.find_secret("m1", "tokens")
    store.remove_secrets("m1")

    assert found == b"\xfftwo"
    assert store.find_secret("m1", "tokens") is None


def test_setting_holds_json(store: AppStore) -> None:
    """Any JSON value; the default when there is none."""
    store.save_setting("m1", "offer_rules", [{"stage": "PREPARATION", "шаблон": "услуга"}])

    assert store.find_setting("m1", "offer_rules") == [{"stage": "PREPARATION", "шаблон": "услуга"}]
    assert store.find_setting("m2", "offer_rules", default=[]) == []


def test_segments_keep_their_order_and_portal(store: AppStore) -> None:
    """A segment that is changed keeps its place; another portal does not see it."""
    store.save_segment("m1", "won", {"title": "С покупками"})
    store.save_segment("m1", "asleep", {"title": "Спят"})
    store.save_segment("m1", "won", {"title": "Покупали"})

    assert store.list_segments("m1") == {"won": {"title": "Покупали"}, "asleep": {"title": "Спят"}}
    assert store.get_segment("m1", "asleep") == {"title": "Спят"}
    with pytest.raises(NotFound):
        store.get_segment("m2", "won")


def test_leaving_portal_takes_everything_along(store: AppStore) -> None:
    """remove_portal forgets portal, secrets, settings and segments."""
    store.save_portal(PORTAL)
    store.save_secret("m1", "tokens", b"x")
    store.save_setting("m1", "k", 1)
    store.save_segment("m1", "won", {})

    store.remove_portal("m1")

    assert store.list_portals() == []
    assert store.find_secret("m1", "tokens") is None
    assert store.find_setting("m1", "k") is None
    assert store.list_segments("m1") == {}


def test_write_is_all_or_nothing(store: AppStore) -> None:
    """Portal and secret are saved together or not at all."""

    def save_half() -> None:
        with store.write():
            store.save_portal(PORTAL)
            store.save_secret("m1", "tokens", b"x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        save_half()

    assert store.find_portal("m1") is None
    assert store.find_secret("m1", "tokens") is None


def test_two_stores_write_the_same_file(tmp_path: Path) -> None:
    """Web process and worker write app.db at the same time; both wait their turn, starting included."""
    errors: list[BaseException] = []

    def write(name: str) -> None:
        try:
            store = AppStore(tmp_path / "app.db")
            for number in range(20):
                store.save_setting("m1", f"{name}{number}", number)
            store.close()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    store = AppStore(tmp_path / "app.db")
    found = [store.find_setting("m1", f"{name}{number}") for name in "abcd" for number in range(20)]
    store.close()

    assert errors == []
    assert found == list(range(20)) * 4


def test_another_writer_is_seen_at_once(tmp_path: Path) -> None:
    """Answers are remembered, but never longer than they are true, whoever writes."""
    here, there = AppStore(tmp_path / "app.db"), AppStore(tmp_path / "app.db")
    seen = []
    for number in range(3):
        (here if number == 1 else there).save_setting("m1", "key", number)
        seen += [here.find_setting("m1", "key"), here.find_setting("m1", "key")]
    here.close()
    there.close()

    assert seen == [0, 0, 1, 1, 2, 2]
