"""What a client has agreed to, channel by channel: whether, since when, on what grounds. Read from fields that an administrator chose.

CRM is the place where consents are kept; we only read them. A channel without a field of its own goes by the general one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.clients.person import read_consent
from b24app.clients.settings import read_choices
from b24app.context import ADMINISTER
from b24app.errors import Mistaken
from b24app.store.consents import list_fields, list_values

if TYPE_CHECKING:
    from b24app.context import Context

SETTING = "consents"  # {channel: {part: user field}}
Words = Mapping[str, str]

CHANNELS: Mapping[str, Words] = {
    "phone": {"ru": "Звонки", "en": "Calls"},
    "sms": {"ru": "SMS", "en": "SMS"},
    "messenger": {"ru": "Мессенджеры", "en": "Messengers"},
    "email": {"ru": "Письма", "en": "E-mail"},
}
PARTS: Mapping[str, tuple[Words, tuple[str, ...]]] = {
    "given": ({"ru": "Согласие", "en": "Consent"}, ("enumeration", "boolean", "date", "datetime", "string")),
    "since": ({"ru": "Дата согласия", "en": "Date of the consent"}, ("date", "datetime")),
    "basis": ({"ru": "Основание", "en": "Grounds"}, ("string", "enumeration", "url", "file")),
}


@dataclass(frozen=True)
class Consent:
    """One channel of one card. `given` None: nobody has asked, or no field was chosen."""

    channel: str
    given: bool | None
    since: str  # a date, '' when it is not known
    basis: str


def find_fields(ctx: Context) -> dict[str, dict[str, str]]:
    """Return which field stands for what: by channel and part; the general field where a channel has none."""
    saved = ctx.app_store.find_setting(ctx.portal.member_id, SETTING, {})
    general = {"given": read_choices(ctx).consent_field}
    return {channel: {part: saved.get(channel, {}).get(part) or general.get(part, "") for part in PARTS} for channel in CHANNELS}


def find_chosen(ctx: Context) -> dict[str, dict[str, str]]:
    """Return the fields that were chosen for the channels themselves."""
    saved = ctx.app_store.find_setting(ctx.portal.member_id, SETTING, {})
    return {channel: {part: saved.get(channel, {}).get(part, "") for part in PARTS} for channel in CHANNELS}


def list_choices(ctx: Context, part: str) -> list[tuple[str, str]]:
    """Return the user fields of contacts and companies that may stand for a part: name and title."""
    kinds = PARTS[part][1]
    good = [row for row in list_fields(ctx.store) if row["kind"] in kinds and (part == "given" or not row["is_multiple"])]
    titles = {row["name"]: row[f"title_{ctx.lang}"] or row["name"] for row in good}
    return sorted(titles.items(), key=lambda pair: pair[1])


def save_fields(ctx: Context, given: Mapping[str, str]) -> None:
    """Save a form: `phone.given` and the like to the name of a field, '' for none. Raises NotAllowed, Mistaken."""
    ctx.viewer.check(ADMINISTER)
    chosen: dict[str, dict[str, str]] = {}
    for part in PARTS:
        known = {name for name, _ in list_choices(ctx, part)}
        for channel in CHANNELS:
            name = given.get(f"{channel}.{part}", "")
            if name and name not in known:
                raise Mistaken(f"The portal has no field {name:.60} to choose.", f"На портале нет поля {name:.60}, которое можно выбрать.")
            chosen.setdefault(channel, {})[part] = name
    ctx.app_store.save_setting(ctx.portal.member_id, SETTING, chosen)


def read_consents(ctx: Context, entity: str, record_id: int) -> list[Consent]:
    """Return the consents of a card, channel by channel."""
    fields = find_fields(ctx)
    rows = {(row["entity"], row["name"]): row for row in list_fields(ctx.store)}
    names = sorted({name for parts in fields.values() for name in parts.values() if (entity, name) in rows})
    values = list_values(ctx.store, entity, record_id, {name: rows[entity, name]["column_name"] for name in names})
    titles = {name: {str(item["id"]): item["title"] for item in rows[entity, name]["items"]} for name in names}
    return [_consent(channel, parts, values, titles) for channel, parts in fields.items()]


def _consent(channel: str, parts: Mapping[str, str], values: Mapping[str, Any], titles: Mapping[str, Words]) -> Consent:
    given = read_consent(values.get(parts["given"]), titles.get(parts["given"], {}))
    basis = values.get(parts["basis"])
    words = titles.get(parts["basis"], {}).get(str(basis), basis)
    return Consent(channel, given, str(values.get(parts["since"]) or "")[:10], "" if words is None else str(words))
