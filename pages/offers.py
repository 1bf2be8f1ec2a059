"""Offers as people see them: how far they have come, one of them with all that became of it, marks and new versions.

Asks b24app.documents, decides nothing; the worker does the work.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as Reply

from b24app.context import Context
from b24app.documents.aftermath import client_link
from b24app.documents.lives import GROUPS, MARKS, REACHED, Outcome, count_all, count_outcomes, get_life, list_offers_of
from b24app.documents.offer import LIVES
from b24app.documents.rules import list_rules
from b24app.documents.templates import BY_KEY
from b24app.errors import Malformed, NotFound
from b24app.portals import registry
from b24app.segments.definitions import load_all
from b24app.store.lives import find_by_token
from b24app.store.rulings import list_employees
from b24app.store.steps import list_steps
from pages.rendering import answer, fragment, services, session
from pages.words import speaker

blueprint = Blueprint("offers", __name__)

LATEST, MOST = 10, 200
WORDS = ("life", "reached")
TONES = {"won": "good", "lost": "bad", "expired": "warn", "replaced": "quiet"}
ROBOTIC = ("bot", "preview", "crawl", "spider", "curl", "whatsapp", "facebookexternal")  # who looks at a link before the client does


@blueprint.get("/offers")
def open_offers() -> Response:
    """Show how far offers have come."""
    viewer = session()
    ctx = services().context(viewer)
    return answer(show_offers(ctx, request.args.get("by", GROUPS[0])), viewer)


@blueprint.get("/offers/list")
def open_list() -> Response:
    """Show the offers that a number stands for."""
    viewer = session()
    return answer(show_list(services().context(viewer), request.args.to_dict()), viewer)


@blueprint.get("/offers/one")
def open_offer() -> Response:
    """Show one offer."""
    viewer = session()
    return answer(show_offer(services().context(viewer), request.args.get("key", "")), viewer)


@blueprint.post("/offers/mark")
def mark() -> Response:
    """Order that an offer counts as sent or opened."""
    viewer = session()
    ctx = services().context(viewer)
    row, word = get_life(ctx, request.form.get("key", "")), request.form.get("mark", "")
    if word not in MARKS:
        raise Malformed("mark")
    payload = {"name": "mark_offer", "offer": row["key"], "mark": word, "user": viewer.user_id}
    services().inbox.append("command", viewer.member_id, payload)
    return answer(show_offer(ctx, row["key"], is_ordered=True), viewer)


@blueprint.post("/offers/version")
def make_version() -> Response:
    """Order a new version."""
    viewer = session()
    ctx = services().context(viewer)
    row = get_life(ctx, request.form.get("key", ""))
    services().inbox.append("command", viewer.member_id, {"name": "new_version", "offer": row["key"], "asked": ctx.now().isoformat()})
    return answer(show_offer(ctx, row["key"], is_ordered=True), viewer)


@blueprint.get("/o/<member_id>/<token>")
def open_by_client(member_id: str, token: str) -> Reply:
    """Send the client on to his offer, and note that he has opened it; link previews of messengers are nobody."""
    try:
        portal = registry.get_portal(services().app_store, member_id)
        with services().stores.reader(portal.member_id) as store:
            row = find_by_token(store, token)
    except NotFound:
        row = None
    if row is None:
        lang = request.accept_languages.best_match(["ru", "en"]) or "en"
        content = render_template("message.html", tone="warn", text=speaker(lang)("link_gone"))
        return Response(render_template("plain.html", content=content, lang=lang, t=speaker(lang)), 404)
    agent = request.headers.get("User-Agent", "").lower()
    if not row["opened_at"] and request.method == "GET" and not any(word in agent for word in ROBOTIC):
        services().inbox.append("command", member_id, {"name": "mark_offer", "offer": row["key"], "mark": "opened", "user": 0})
    return redirect(row["public_url"])


def show_offers(ctx: Context, group: str) -> str:
    """Return the overview: the way of all offers, then by one of the groups, then the latest."""
    chosen = group if group in GROUPS else GROUPS[0]
    names = name_groups(ctx, chosen)
    outcomes = [(names(one.key), one, _link_of(chosen, one)) for one in count_outcomes(ctx, chosen)]
    whole = count_all(ctx)
    values = {"whole": whole, "outcomes": outcomes, "chosen": chosen, "groups": GROUPS, "reached": REACHED}
    links = {name: f"/offers/list?{urlencode({'reached': name})}" for name in REACHED} | _ended_links({})
    return fragment("offers.html", ctx, **values, **_rows(ctx, list_offers_of(ctx, most=LATEST)), links=links)


def show_list(ctx: Context, asked: dict[str, str]) -> str:
    """Return the offers of a group, of a life or of how far they have come."""
    wanted: dict[str, Any] = {name: asked[name] for name in (*GROUPS, *WORDS) if name in asked}
    if "manager" in wanted:
        wanted["manager"] = int(wanted["manager"]) if wanted["manager"].isdigit() else 0
    names = {group: name_groups(ctx, group)(str(wanted[group])) for group in GROUPS if group in wanted}
    rows = list_offers_of(ctx, wanted, MOST)
    return fragment("offer_list.html", ctx, asked=asked, names=names, lives=LIVES, reached=REACHED, **_rows(ctx, rows))


def show_offer(ctx: Context, key: str, is_ordered: bool = False) -> str:
    """Return one offer with all that became of it. Raises NotFound."""
    row = get_life(ctx, key)
    names = {group: name_groups(ctx, group)(str(row[column] or "")) for group, column in (("template", "template"), ("rule", "rule_key"))}
    names["manager"] = name_groups(ctx, "manager")(str(row["responsible_id"] or ""))
    remarks = [one[ctx.lang] for one in json.loads(row["remarks"] or "[]")]
    values = {"offer": row, "names": names, "remarks": remarks, "link": client_link(ctx, row), "tones": TONES}
    steps = [step for step in list_steps(ctx.store, key).values() if step["state"] == "done"]
    return fragment("offer.html", ctx, **values, steps=steps, is_ordered=is_ordered)


def name_groups(ctx: Context, group: str) -> Any:
    """Return the function that names a key of a group as people know it."""
    t = speaker(ctx.lang)
    if group == "template":
        known = {key: template.name[ctx.lang] for key, template in BY_KEY.items()}
        return lambda key: known.get(key) or t("foreign_template", id=key.partition(":")[2])
    if group == "rule":
        rules = {rule.key: rule.title.get(ctx.lang) or rule.title.get("ru", "") for rule in list_rules(ctx)}
        return lambda key: rules.get(key, key) or t("no_rule")
    if group == "segment":
        segments = {one.key: one.title[ctx.lang] for one in load_all(ctx)}
        return lambda key: segments.get(key, key)
    people = {str(one["id"]): one["name"] for one in list_employees(ctx.store)}
    return lambda key: people.get(key, key if key not in ("", "0") else t("unknown_manager"))


def _link_of(group: str, one: Outcome) -> dict[str, str]:
    own = {group: one.key}
    return {name: f"/offers/list?{urlencode({**own, 'reached': name})}" for name in REACHED} | _ended_links(own)


def _ended_links(own: dict[str, str]) -> dict[str, str]:
    return {name: f"/offers/list?{urlencode({**own, 'life': name})}" for name in ("lost", "expired")}


def _rows(ctx: Context, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"offers": rows, "tones": TONES, "names_of": {group: name_groups(ctx, group) for group in ("template", "manager")}}
