"""Online events: posted once, with the keys of a real portal, to installed applications and outgoing webhooks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandbox import automation, events
from sandbox.outbox import LOST, SENDING, SENT, WAITING
from sandbox.portal import Portal
from sandbox.rest import Caller, RestError
from tests.sandbox.receiver import Receiver


def bind(portal: Portal, app: Caller, receiver: Receiver, *names: str) -> None:
    for name in names:
        portal.call(app, "event.bind", {"event": name, "handler": f"{receiver.url}/events"})


def new_deal(portal: Portal, caller: Caller, **fields: object) -> int:
    return portal.records.add("deals", {"TITLE": "Сделка", **fields}, caller)


def test_event_carries_the_keys_of_a_real_portal(running: Portal, app: Caller, receiver: Receiver) -> None:
    """The form has event, event_handler_id, data[FIELDS][ID], ts and the whole auth of the person who acted."""
    bind(running, app, receiver, "onCrmDealAdd")
    deal = new_deal(running, app)
    (form,) = receiver.wait_for(1)
    assert form["event"] == "ONCRMDEALADD"
    assert form["data"] == {"FIELDS": {"ID": str(deal)}}
    assert form["event_handler_id"].isdigit()
    assert form["ts"] == str(int(running.clock.unix()))
    auth = form["auth"]
    assert running.grants.token_caller(auth["access_token"]).user_id == 1
    assert auth["application_token"] == running.grants.get_app(app.app or "")["APPLICATION_TOKEN"]
    assert auth["member_id"] == running.member_id
    assert (auth["domain"], auth["client_endpoint"]) == ("127.0.0.1:1", "http://127.0.0.1:1/rest/")
    assert auth["scope"].split(",")[0] == "crm"
    assert "refresh_token" not in auth


def test_event_of_a_robot_has_no_token_keys(running: Portal, app: Caller, receiver: Receiver) -> None:
    """Whoever gets an event that a robot caused must use his own stored tokens."""
    bind(running, app, receiver, "ONCRMDEALADD")
    new_deal(running, replace(app, robot=True))
    (form,) = receiver.wait_for(1)
    assert sorted(form["auth"]) == ["application_token", "client_endpoint", "domain", "member_id", "server_endpoint"]


def test_move_to_a_pipeline_is_not_an_update(running: Portal, app: Caller, receiver: Receiver) -> None:
    """Another pipeline fires ONCRMDEALMOVETOCATEGORY alone; another stage is an update; deletion is told too."""
    bind(running, app, receiver, "ONCRMDEALUPDATE", "ONCRMDEALMOVETOCATEGORY", "ONCRMDEALDELETE")
    deal = new_deal(running, app)
    running.records.update("deals", deal, {"STAGE_ID": "PREPARATION"}, app)
    receiver.wait_for(1)
    running.records.update("deals", deal, {"CATEGORY_ID": 1, "STAGE_ID": "C1:NEW"}, app)
    receiver.wait_for(2)
    running.records.delete("deals", deal, app)
    forms = receiver.wait_for(3)
    assert [form["event"] for form in forms] == ["ONCRMDEALUPDATE", "ONCRMDEALMOVETOCATEGORY", "ONCRMDEALDELETE"]
    assert forms[1]["data"]["FIELDS"] == {"ID": str(deal), "CATEGORY_ID": "1", "STAGE_ID": "C1:NEW"}


def test_nothing_is_sent_before_install_is_finished(running: Portal, app: Caller, receiver: Receiver) -> None:
    """A bound handler hears nothing until installFinish."""
    running.grants.save_app(app.app or "", {"INSTALLED": False})
    bind(running, app, receiver, "ONCRMDEALADD")
    new_deal(running, app)
    assert running.active.outbox.wait_idle()
    assert not receiver.posts


def test_lost_event_is_never_sent_again(running: Portal, app: Caller, receiver: Receiver) -> None:
    """An error answer loses the event: it stays in the delivery log, and a restart does not repeat it."""
    receiver.status = 500
    bind(running, app, receiver, "ONCRMDEALADD")
    new_deal(running, app)
    assert running.active.outbox.wait_idle()
    running.active.stop()
    running.active.start()
    (row,) = running.active.outbox.log()
    assert (row["STATE"], row["STATUS"], row["NAME"], len(receiver.posts)) == (LOST, 500, "ONCRMDEALADD", 1)


def test_queued_events_survive_a_restart(running: Portal, app: Caller, receiver: Receiver) -> None:
    """What was not attempted before the stop leaves after the start, once."""
    bind(running, app, receiver, "ONCRMDEALADD")
    running.active.stop()
    new_deal(running, app)
    assert running.active.outbox.log()[0]["STATE"] == WAITING
    running.active.start()
    assert running.active.outbox.wait_idle()
    assert (len(receiver.posts), running.active.outbox.log()[0]["STATE"]) == (1, SENT)


def test_event_that_was_being_sent_at_a_crash_is_lost(running: Portal, app: Caller, receiver: Receiver) -> None:
    """Attempted is attempted: after a crash nobody knows whether it arrived, and it is not doubled."""
    bind(running, app, receiver, "ONCRMDEALADD")
    running.active.stop()
    new_deal(running, app)
    running.store.save("outbox", 1, {"STATE": SENDING})
    running.active.start()
    assert running.active.outbox.wait_idle()
    assert (receiver.posts, running.active.outbox.log()[0]["STATE"]) == ([], LOST)


def test_slow_handler_may_still_answer(running: Portal, app: Caller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A robot whose handler did not answer the post in time goes on waiting: the call may have arrived."""
    monkeypatch.setattr("sandbox.outbox.TIME_OUT", 0.2)
    receiver.pause = 0.5
    robot = {"CODE": "slow", "NAME": "Slow", "HANDLER": f"{receiver.url}/robots/slow"}
    running.call(app, "bizproc.robot.add", robot)
    automation.add_rule(running, {"stage_id": "NEW", "robot": "slow", "client_id": app.app})
    new_deal(running, app)
    assert running.active.outbox.wait_idle()
    (run,) = automation.workflows(running)
    assert (run["state"], len(run["log"])) == ("waiting", 1)
    assert running.call(app, "bizproc.event.send", {"event_token": run["event_token"]}).result is True


def test_burst_of_a_thousand_arrives_once(running: Portal, app: Caller, receiver: Receiver) -> None:
    """A thousand changes are a thousand posts, and not one more."""
    bind(running, app, receiver, "ONCRMDEALUPDATE")
    deal = new_deal(running, app)
    for number in range(1000):
        running.records.update("deals", deal, {"TITLE": f"Сделка {number}"}, app)
    assert len(receiver.wait_for(1000, 120)) == 1000
    assert running.active.outbox.wait_idle()
    assert len(receiver.posts) == 1000


def test_timeline_comment_event_has_bare_id(running: Portal, app: Caller, receiver: Receiver) -> None:
    """Comments say data[ID], without FIELDS."""
    bind(running, app, receiver, "ONCRMTIMELINECOMMENTADD")
    deal = new_deal(running, app)
    fields = {"ENTITY_ID": deal, "ENTITY_TYPE": "deal", "COMMENT": "Текст"}
    comment = running.call(app, "crm.timeline.comment.add", {"fields": fields}).result
    (form,) = receiver.wait_for(1)
    assert form["data"] == {"ID": str(comment)}


def test_outgoing_webhook_gets_its_token(running: Portal, app: Caller, receiver: Receiver) -> None:
    """An outgoing webhook has its own application_token, no access token, and no pipeline moves."""
    hook = events.add_outgoing(running, "CRM", f"{receiver.url}/hook", ["ONCRMDEALADD"], 1)
    new_deal(running, app)
    (form,) = receiver.wait_for(1)
    assert form["auth"]["application_token"] == hook["TOKEN"]
    assert "access_token" not in form["auth"]
    with pytest.raises(ValueError, match="ONCRMDEALMOVETOCATEGORY"):
        events.add_outgoing(running, "CRM", receiver.url, ["ONCRMDEALMOVETOCATEGORY"], 1)


def test_app_events_of_install_and_uninstall(running: Portal, app: Caller, receiver: Receiver) -> None:
    """ONAPPINSTALL brings both tokens; ONAPPUNINSTALL only application_token and CLEAN, and nothing stays bound."""
    bind(running, app, receiver, "ONAPPINSTALL", "ONAPPUNINSTALL", "ONCRMDEALADD")
    running.active.app_installed(app.app or "", 1)
    (installed,) = receiver.wait_for(1)
    assert installed["data"]["INSTALLED"] == "Y"
    assert {"access_token", "refresh_token", "application_token"} <= set(installed["auth"])
    running.active.app_removing(app.app or "", is_cleaned=True)
    running.grants.delete_app(app.app or "")
    removed = receiver.wait_for(2)[1]
    assert (removed["event"], removed["data"]["CLEAN"]) == ("ONAPPUNINSTALL", "1")
    assert "access_token" not in removed["auth"]
    assert running.store.count("event_handlers") == 0


def test_bind_checks_and_lists(running: Portal, app: Caller, receiver: Receiver) -> None:
    """Unknown events, strangers and repetitions are refused; get and unbind know what was bound."""
    bind(running, app, receiver, "ONCRMLEADADD")
    assert running.call(app, "event.get", {}).result == [
        {"event": "ONCRMLEADADD", "handler": f"{receiver.url}/events", "auth_type": "0", "offline": 0}
    ]
    with pytest.raises(RestError, match="Unable to set event handler"):
        bind(running, app, receiver, "ONCRMLEADADD")
    with pytest.raises(RestError, match="ERROR_EVENT_NOT_FOUND"):
        bind(running, app, receiver, "ONCRMNOTHING")
    with pytest.raises(RestError, match="WRONG_AUTH_TYPE"):
        running.call(replace(app, app=None, webhook_id=1), "event.get", {})
    person = replace(app, user_id=2, admin=False)
    with pytest.raises(RestError, match="Event binding with AUTH_TYPE requires administrator"):
        running.call(person, "event.bind", {"event": "ONCRMLEADADD", "handler": receiver.url, "auth_type": 1})
    assert running.call(app, "event.unbind", {"event": "ONCRMLEADADD"}).result == {"count": 1}


def test_event_test_posts_the_query(running: Portal, app: Caller, receiver: Receiver) -> None:
    """event.test comes back as ONAPPTEST with what was sent."""
    bind(running, app, receiver, "ONAPPTEST")
    assert running.call(app, "event.test", {"any": "data"}).result == 1
    assert receiver.wait_for(1)[0]["data"]["QUERY"] == {"any": "data"}
