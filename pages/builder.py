"""The builder of rules: a draft with live counts, ready segments to begin from, a client tried against it. Decides nothing itself."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, jsonify, request

from b24app.clients.settings import read_choices
from b24app.context import Context
from b24app.errors import Mistaken, NotFound
from b24app.segments import drafts
from b24app.segments.definitions import Definition, check_may_define, load, load_known, remove
from b24app.segments.paste import read_filter
from b24app.segments.presets import BY_KEY
from b24app.segments.vocabulary import list_deal_subjects, list_operators, list_periods, list_subjects
from b24app.store.segments import list_products
from pages.choosing import choose_client
from pages.rendering import answer, fragment, services, session
from pages.segment_words import BUILDER_WORDS

blueprint = Blueprint("builder", __name__)

EMPTY: dict[str, Any] = {"all": [{"criterion": "fact", "fact": "purchases", "op": ">=", "value": 1}]}


@blueprint.get("/segments/gallery")
def open_gallery() -> Response:
    """Show the ready segments that the portal does not have."""
    viewer = session()
    ctx = services().context(viewer)
    check_may_define(ctx)
    return answer(show_gallery(ctx), viewer)


@blueprint.post("/segments/gallery/<key>")
def add_preset(key: str) -> Response:
    """Save a ready segment, then show the gallery."""
    viewer = session()
    ctx = services().context(viewer)
    drafts.add_preset(ctx, key)
    order_refresh(viewer.member_id)
    return answer(show_gallery(ctx, BY_KEY[key].title[ctx.lang]), viewer)


@blueprint.get("/segments/new")
def open_new() -> Response:
    """Show the builder, empty or with the rule of a ready segment."""
    viewer = session()
    ctx = services().context(viewer)
    preset = BY_KEY.get(request.args.get("preset", ""))
    if preset is None:
        asked = request.args.get("rule", "")
        return answer(show_builder(ctx, drafts.draft(drafts.read_rule(asked) if asked else EMPTY), ""), viewer)
    made = drafts.made_of(ctx, preset)
    rule = drafts.rule_of(ctx, made) if made.parameters else made.rule
    return answer(show_builder(ctx, Definition("", made.title, made.purpose, rule, unknown_means=made.unknown_means), ""), viewer)


@blueprint.get("/segments/<key>/edit")
def open_edit(key: str) -> Response:
    """Show the builder with a segment's rule."""
    viewer = session()
    ctx = services().context(viewer)
    found = load(ctx, key)
    if found.list_key:
        raise NotFound(f"{key} is a list, it has no rule")
    rule = drafts.rule_of(ctx, found)
    return answer(show_builder(ctx, Definition(key, found.title, found.purpose, rule, {}, found.unknown_means), key), viewer)


@blueprint.post("/segments/preview")
def preview() -> Response:
    """Count a rule that is not saved."""
    viewer = session()
    ctx = services().context(viewer)
    check_may_define(ctx)
    rule = drafts.read_rule(request.form.get("rule", ""))
    counts = drafts.preview(ctx, rule, request.form.get("key", ""), whole=bool(request.form.get("whole")))
    return answer(fragment("preview.html", ctx, counts=counts), viewer)


@blueprint.post("/segments/try")
def try_client() -> Response:
    """Explain one client by a rule that is not saved."""
    viewer = session()
    ctx = services().context(viewer)
    check_may_define(ctx)
    rule = drafts.read_rule(request.form.get("rule", ""))
    told = drafts.try_client(ctx, rule, choose_client(ctx, request.form.get("client", "").strip()), request.form.get("unknown_means", "no"))
    return answer(fragment("tried.html", ctx, told=told), viewer)


@blueprint.post("/segments/paste")
def paste() -> Response:
    """Turn a filter of Bitrix24 into a rule; answer JSON for the page's script."""
    viewer = session()
    ctx = services().context(viewer)
    check_may_define(ctx)
    entity = request.form.get("entity", "deal")
    if entity not in ("contact", "company", "lead", "deal"):
        raise Mistaken("Choose what the filter is about.", "Выберите, о чём фильтр.")
    found = read_filter(request.form.get("filter", ""), entity, load_known(ctx))
    notes = [note[ctx.lang == "ru"] for note in found.notes]
    return answer_json({"rule": found.rule, "notes": notes}, viewer)


@blueprint.get("/segments/products")
def find_products() -> Response:
    """Answer names of products that have the words, as JSON."""
    viewer = session()
    ctx = services().context(viewer)
    return answer_json([row["name"] for row in list_products(ctx.store, search=request.args.get("search", "")[:100])], viewer)


@blueprint.post("/segments/save")
def save() -> Response:
    """Save the draft, then show the segment's page as it fills."""
    viewer = session()
    ctx = services().context(viewer)
    check_may_define(ctx)
    rule = drafts.read_rule(request.form.get("rule", ""))
    words = {name: request.form.get(name, "") for name in ("title", "purpose")}
    key = drafts.save_draft(ctx, request.form.get("key", ""), words, rule, request.form.get("unknown_means", "no"))
    order_refresh(viewer.member_id)
    title = load(ctx, key).title[ctx.lang]
    return answer(fragment("saved.html", ctx, key=key, title=title), viewer)


@blueprint.post("/segments/<key>/remove")
def remove_segment(key: str) -> Response:
    """Forget a segment, then say so."""
    viewer = session()
    ctx = services().context(viewer)
    title = load(ctx, key).title[ctx.lang]
    remove(ctx, key)
    order_refresh(viewer.member_id)
    return answer(fragment("saved.html", ctx, key="", title=title), viewer)


def show_gallery(ctx: Context, added: str = "") -> str:
    """Return the ready segments; those that ask for consent say so while nobody has said which field holds it."""
    unready = {"consent"} if not read_choices(ctx).consent_field else set()
    presets = [(preset, bool(preset.needs() & unready)) for preset in drafts.list_presets(ctx)]
    return fragment("gallery.html", ctx, presets=presets, added=added)


def show_builder(ctx: Context, definition: Definition, key: str) -> str:
    """Return the builder with a rule in it."""
    check_may_define(ctx)
    known = load_known(ctx, definition.rule)
    offered = {
        "subjects": [one.row() for one in list_subjects(known, ctx.lang, key)],
        "dealSubjects": [one.row() for one in list_deal_subjects(known, ctx.lang)],
        "operators": list_operators(ctx.lang),
        "periods": list_periods(ctx.lang),
        "products": known.products,
        "words": {name: pair[ctx.lang != "ru"] for name, pair in BUILDER_WORDS.items()},
    }
    values = {"definition": definition, "key": key, "rule": json.dumps(definition.rule, ensure_ascii=False)}
    return fragment("builder.html", ctx, **values, offered=json.dumps(offered, ensure_ascii=False))


def order_refresh(member_id: str) -> None:
    """Let the worker bring every segment up to date."""
    services().inbox.append("command", member_id, {"name": "refresh"})


def answer_json(found: Any, viewer: Any) -> Response:
    """Answer the page's script with JSON, and the session renewed."""
    response = jsonify(found)
    response.headers.update({name: value for name, value in answer("", viewer).headers if name == "X-App-Session"})
    return response
