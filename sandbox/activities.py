"""What an activity must have, what follows from what was sent, and when a letter leaves. Rules only; methods translate.

Sources: crm-activity-add.md, how-to-send-email.md (a letter is sent only with TYPE_ID 4, DIRECTION 2 and COMPLETED Y together).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox import notices
from sandbox.params import Items
from sandbox.rest import Caller, Record, RestError

if TYPE_CHECKING:
    from sandbox.portal import Portal

MEETING, CALL, TASK, EMAIL, PROVIDER = 1, 2, 3, 4, 6
OUTGOING = 2
APP_PROVIDER, TODO_PROVIDER = "REST_APP", "CRM_TODO"
ONE_COMMUNICATION = (CALL, EMAIL)
NUMBERS = (
    "OWNER_ID",
    "OWNER_TYPE_ID",
    "TYPE_ID",
    "RESPONSIBLE_ID",
    "PRIORITY",
    "DIRECTION",
    "DESCRIPTION_TYPE",
    "NOTIFY_TYPE",
    "NOTIFY_VALUE",
)
# Never changed by a caller.
SYSTEM = ("ID", "CREATED", "LAST_UPDATED", "AUTHOR_ID", "EDITOR_ID", "DEADLINE", "STATUS", "BINDINGS", "OWNER_ID", "OWNER_TYPE_ID")

DEFAULTS: Record = {
    "PROVIDER_ID": "",
    "PROVIDER_TYPE_ID": "",
    "ASSOCIATED_ENTITY_ID": 0,
    "SUBJECT": "",
    "COMPLETED": "N",
    "PRIORITY": 2,
    "NOTIFY_TYPE": 0,
    "NOTIFY_VALUE": 0,
    "DESCRIPTION": "",
    "DESCRIPTION_TYPE": 1,
    "DIRECTION": 0,
    "LOCATION": "",
    "RESULT_MARK": 0,
    "RESULT_STATUS": 0,
    "RESULT_STREAM": 0,
    "AUTOCOMPLETE_RULE": 0,
}
# What stands behind the plain types: provider and its own type.
PROVIDERS = {MEETING: ("CRM_MEETING", "MEETING"), CALL: ("VOXIMPLANT_CALL", "CALL"), EMAIL: ("CRM_EMAIL", "EMAIL")}


def check_fields(sent: Mapping[str, Any], caller: Caller) -> None:
    """Raise in the vendor's words for what an activity cannot be made of."""
    is_app = sent.get("PROVIDER_ID") == APP_PROVIDER
    if is_app and caller.app is None and caller.account:
        raise RestError(400, "", "Application context required.")
    if not sent.get("SUBJECT"):
        raise RestError(400, "", "The field SUBJECT is not defined or empty")
    if not str(sent.get("RESPONSIBLE_ID") or "").isdigit():
        raise RestError(400, "", "The field RESPONSIBLE_ID is not defined or invalid")
    kind = str(sent.get("TYPE_ID") or (PROVIDER if is_app else ""))
    if not kind.isdigit():
        raise RestError(400, "", "The field TYPE_ID is not defined or invalid")
    if int(kind) == PROVIDER and not sent.get("PROVIDER_ID"):
        raise RestError(400, "", "The custom activity without provider is not supported in current context")
    _check_communications(int(kind), read_communications(sent))


def _check_communications(kind: int, communications: list[Record]) -> None:
    if kind in PROVIDERS and not communications:
        raise RestError(400, "", "The field COMMUNICATIONS is not defined or invalid")
    if kind in ONE_COMMUNICATION and len(communications) > 1:
        raise RestError(400, "", "The only one communication is allowed for activity of specified type")


def read_communications(sent: Mapping[str, Any]) -> list[Record]:
    """Return whom the activity is with."""
    given = sent.get("COMMUNICATIONS")
    return [dict(one) for one in Items().deserialize(given or []) if isinstance(one, Mapping)]


def new_activity(portal: Portal, sent: Mapping[str, Any], caller: Caller) -> Record:
    """Return the whole record: defaults, numbers, STATUS and DEADLINE that follow from the rest."""
    now = portal.clock.stamp()
    record: Record = {**DEFAULTS, "AUTHOR_ID": caller.user_id, "CREATED": now, **sent, "EDITOR_ID": caller.user_id, "LAST_UPDATED": now}
    record["TYPE_ID"] = record.get("TYPE_ID") or PROVIDER
    for name in NUMBERS:
        record[name] = int(record[name]) if str(record.get(name) or "").isdigit() else 0
    if not record["PROVIDER_ID"] and record["TYPE_ID"] in PROVIDERS:
        record["PROVIDER_ID"], record["PROVIDER_TYPE_ID"] = PROVIDERS[record["TYPE_ID"]]
    if record["PROVIDER_ID"] == APP_PROVIDER and not record.get("PROVIDER_PARAMS"):
        record["PROVIDER_PARAMS"] = {"clientId": caller.app or ""}
    record["COMPLETED"] = "Y" if record["COMPLETED"] in ("Y", True) else "N"
    record["STATUS"] = 2 if record["COMPLETED"] == "Y" else 1
    record["DEADLINE"] = _deadline(record)
    record["COMMUNICATIONS"] = read_communications(record)
    record["BINDINGS"] = _bindings(record)
    return record


def _deadline(record: Record) -> Any:
    """A deadline is never set by a caller: calls and meetings take their beginning, tasks their end."""
    if record["TYPE_ID"] in (CALL, MEETING):
        return record.get("START_TIME")
    return record.get("END_TIME") if record["TYPE_ID"] == TASK else record.get("DEADLINE")


def _bindings(record: Record) -> list[Record]:
    """Return the owner and everybody in the communications, each once."""
    pairs = {(record["OWNER_TYPE_ID"], record["OWNER_ID"]): None}
    for one in record["COMMUNICATIONS"]:
        kind, key = str(one.get("ENTITY_TYPE_ID") or ""), str(one.get("ENTITY_ID") or "")
        if kind.isdigit() and key.isdigit():
            pairs[int(kind), int(key)] = None
    return [{"OWNER_TYPE_ID": kind, "OWNER_ID": key} for kind, key in pairs]


def send_email(portal: Portal, record: Record) -> None:
    """Send a letter that is complete. Raises RestError when it cannot leave: the activity stays, as in Bitrix24."""
    if (record["TYPE_ID"], record["DIRECTION"], record["COMPLETED"]) != (EMAIL, OUTGOING, "Y"):
        return
    to = next((str(one.get("VALUE") or "") for one in record["COMMUNICATIONS"]), "")
    if not to:
        raise RestError(400, "", 'Email send error. "To" is not found')
    if "@" not in to:
        raise RestError(400, "", "Email send error. Invalid email is specified")
    settings = record.get("SETTINGS")
    sender = settings.get("MESSAGE_FROM") if isinstance(settings, Mapping) else ""
    sender = sender or (portal.store.get("users", record["RESPONSIBLE_ID"]) or {}).get("EMAIL")
    if not sender:
        raise RestError(400, "", 'Email send error. "From" is not found')
    letter = {"ACTIVITY_ID": record["ID"], "SENDER": sender, "RECIPIENT": to}
    notices.send_letter(portal, {**letter, "SUBJECT": record["SUBJECT"], "BODY": record["DESCRIPTION"]})
