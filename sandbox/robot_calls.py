"""What a robot's handler is sent: tokens, resolved properties, the body of the post. Decides only."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]

DOCUMENT_TYPE = ["crm", "CCrmDocumentDeal", "DEAL"]
FROM_DEAL = re.compile(r"\{=\s*Document:\s*([A-Za-z0-9_]+)\s*\}")


def new_workflow_code() -> str:
    """Return an id that looks like the vendor's: 66e81a641752f8.56521481."""
    return f"{time.time_ns() // 1000:014x}.{secrets.randbelow(10**8):08d}"


def new_event_token(workflow_id: int, rule_id: int) -> str:
    """Return a token that looks like the vendor's: id | activity | random.signature."""
    head = f"{new_workflow_code()}|A{workflow_id}_{rule_id}|{secrets.token_urlsafe(24)}"
    return f"{head}.{hashlib.sha256(secrets.token_bytes(16)).hexdigest()}"


def body_of(chain: Record, robot: Record, run: Record, seconds: int) -> dict[str, Any]:
    """Return the post without `ts` and `auth`; the key set is what the vendor's SDKs parse. Without properties there is no such key."""
    body = {
        "workflow_id": chain["CODE"],
        "code": robot["CODE"],
        "document_id": [*DOCUMENT_TYPE[:2], f"DEAL_{chain['DEAL_ID']}"],
        "document_type": DOCUMENT_TYPE,
        "event_token": run["EVENT_TOKEN"],
        "properties": run["PROPERTIES"],
        "use_subscription": "Y" if waits(robot) else "N",
        "timeout_duration": seconds,
    }
    return {name: value for name, value in body.items() if value != {}}


def waits(robot: Record) -> bool:
    """Tell whether the chain waits for the robot's answer: always, but for an explicit N."""
    return robot["USE_SUBSCRIPTION"] != "N"


def is_for_deals(robot: Record) -> bool:
    """Tell whether the robot's FILTER lets it stand on a stage of deals (in the cloud edition)."""
    rules = robot["FILTER"] or {}
    included, excluded = rules.get("INCLUDE"), rules.get("EXCLUDE") or []
    return (not included or any(map(_names_deals, included))) and not any(map(_names_deals, excluded))


def _names_deals(rule: Any) -> bool:
    return rule == "b24" or (isinstance(rule, list) and rule == DOCUMENT_TYPE[: len(rule)])


def resolve_properties(robot: Record, given: Record, deal: Record) -> dict[str, Any]:
    """Return what the robot gets: given values, defaults for the missing, {=Document:FIELD} replaced from the deal."""
    return {
        code: resolve_value(given[code] if given.get(code) not in (None, "") else declared.get("Default", ""), deal)
        for code, declared in (robot["PROPERTIES"] or {}).items()
    }


def resolve_value(value: Any, deal: Record) -> Any:
    """Replace {=Document:FIELD} in text; a field that the deal has not is nothing."""
    if isinstance(value, list):
        return [resolve_value(one, deal) for one in value]
    if not isinstance(value, str):
        return value
    return FROM_DEAL.sub(lambda found: _printed(deal.get(found.group(1).upper())), value)


def _printed(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_printed(one) for one in value)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
