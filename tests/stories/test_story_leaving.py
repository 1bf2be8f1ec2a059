"""A portal uninstalls the app: our secrets of it are gone at once, its posts are refused, and with "clean" nothing stays."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from demo import portal
from tests.stories.test_story_install import install_again
from tests.stories.town import CONTACT, Town, ask_file, install


def test_uninstall_keeps_data_unless_they_are_to_be_cleaned(new_town: Town) -> None:
    """Uninstalled without "clean": refused, no secrets, the mirror stays; installed anew it works; with "clean" nothing stays."""
    install(new_town)
    new_town.add(CONTACT, name="Последний")
    letter = new_town.wait("an event was posted", lambda: new_town.letters(KIND="event", NAME="ONCRMCONTACTADD", STATE="sent"))[0]
    event, frame = letter["BODY"], new_town.frame()
    assert new_town.post("/events", event).status_code == 200

    leave = {**dict(parse_qsl(event)), "event": "ONAPPUNINSTALL", "data[CLEAN]": "0", "data[LANGUAGE_ID]": "ru"}
    assert new_town.post("/events", urlencode(leave)).status_code == 200
    assert_refused(new_town, event, frame)
    assert (new_town.app_data / f"{new_town.sandbox.member_id}.db").exists()

    install_again(new_town)
    assert new_town.post("/events", event).status_code == 200
    assert new_town.open().answer.status_code == 200

    body = {"client_id": new_town.sandbox.client_id, "clean": True}
    portal.control(new_town.sandbox, "uninstall", **body)
    new_town.wait("all is removed", lambda: not new_town.kept_portals())
    assert_refused(new_town, event, frame)
    assert [path.name for path in new_town.app_data.glob(f"{new_town.sandbox.member_id}*")] == []
    kept = new_town.kept()
    assert {name: kept[name] for name in ("secret", "setting", "segment")} == {"secret": [], "setting": [], "segment": []}
    assert [line for line in new_town.log() if line["event"] == "unforeseen error"] == []


def assert_refused(town: Town, event: str, frame: dict[str, Any]) -> None:
    """Check that no secret is left and that what the portal sends is refused and leaves nothing."""
    assert ask_file(town.app_data / "app.db", "SELECT name FROM secret") == []
    before = town.kept()
    assert town.post("/events", event).status_code == 403
    assert town.post_frame(frame["url"], frame["form"]).answer.status_code == 403
    assert town.kept() == before
