"""Rules of offers on pages: listed, edited, switched, tried on a real deal; own templates uploaded and mapped; the journal of entries.

Only administrators come here. Asks b24app.documents, decides nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from b24app.context import ADMINISTER, Context
from b24app.documents.entries import STATES
from b24app.documents.foreign import list_foreign, upload_foreign
from b24app.documents.lines import FILLS, print_package, read_package
from b24app.documents.options import Options
from b24app.documents.preview import list_template_fields, preview_rule
from b24app.documents.rules import TELLS, Condition, Rule, get_rule, list_rules, new_rule, remove_rule, save_rule, switch_rule
from b24app.documents.safety import LARGEST
from b24app.documents.templates import TEMPLATES
from b24app.documents.values import VALUE_TITLES
from b24app.errors import BitrixError, Malformed, Mistaken
from b24app.portals.session import Session
from b24app.segments.definitions import load_all
from b24app.store import rulings
from b24app.store.steps import count_entries, list_entries
from pages.rendering import answer, fragment, services, session

blueprint = Blueprint("offer_rules", __name__)

MOST = 200
NEW = "new"


@blueprint.before_request
def allow_files() -> None:
    """A template may be larger than what Bitrix24 posts."""
    if request.path == "/offers/templates":
        request.max_content_length = LARGEST + 65_536


@blueprint.get("/offers/rules")
def open_rules() -> Response:
    """Show all rules."""
    viewer, ctx = _administrator()
    return answer(show_rules(ctx), viewer)


@blueprint.get("/offers/rules/<key>")
def open_rule(key: str) -> Response:
    """Show a rule, or the form of a new one."""
    viewer, ctx = _administrator()
    return answer(show_rule(ctx, new_rule() if key == NEW else get_rule(ctx, key)), viewer)


@blueprint.post("/offers/rules/<key>")
def save(key: str) -> Response:
    """Keep a rule as it was filled in."""
    viewer, ctx = _administrator()
    known = {rule.key: rule for rule in list_rules(ctx)}
    rule = read_rule(known.get(key) or replace(new_rule(), key=_key(key)), request.form)
    save_rule(ctx, rule)
    return answer(show_rule(ctx, rule, note="rule_saved"), viewer)


@blueprint.post("/offers/rules/<key>/switch")
def switch(key: str) -> Response:
    """Switch a rule on or off."""
    viewer, ctx = _administrator()
    switch_rule(ctx, key, request.form.get("on") == "1")
    return answer(show_rules(ctx), viewer)


@blueprint.post("/offers/rules/<key>/remove")
def remove(key: str) -> Response:
    """Remove a rule."""
    viewer, ctx = _administrator()
    remove_rule(ctx, key)
    return answer(show_rules(ctx), viewer)


@blueprint.get("/offers/rules/<key>/preview")
def preview(key: str) -> Response:
    """Show what a rule would make of a real deal."""
    viewer, ctx = _administrator()
    rule, deal_id = get_rule(ctx, key), request.args.get("deal", 0, type=int)
    if not deal_id:
        raise Mistaken("Type the number of a deal.", "Введите номер сделки.")
    shown = preview_rule(ctx, deal_id, rule)
    unfilled = list_template_fields(ctx, rule.options, deal_id) if rule.options.foreign_id else []
    titles = [(code, title[0 if ctx.lang == "ru" else 1]) for code, title in VALUE_TITLES.items()]
    return answer(fragment("offer_preview.html", ctx, rule=rule, shown=shown, unfilled=unfilled, titles=titles), viewer)


@blueprint.post("/offers/rules/<key>/mapping")
def save_mapping(key: str) -> Response:
    """Keep what is written into the fields of the portal's own template."""
    viewer, ctx = _administrator()
    rule = get_rule(ctx, key)
    mapping = {code: ours for code, ours in request.form.items() if ours in VALUE_TITLES}
    rule = replace(rule, options=replace(rule.options, mapping=mapping))
    save_rule(ctx, rule)
    return answer(show_rule(ctx, rule, note="rule_saved"), viewer)


@blueprint.post("/offers/templates")
def upload() -> Response:
    """Bring a Word file to the portal's generator after it was looked at."""
    viewer, ctx = _administrator()
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Mistaken("Choose a file.", "Выберите файл.")
    name = request.form.get("name", "").strip()[:120] or file.filename.rpartition(".")[0][:120]
    upload_foreign(ctx, name, file.filename[-120:], file.read(LARGEST + 1))
    return answer(show_rules(ctx, uploaded=name), viewer)


@blueprint.get("/offers/journal")
def open_journal() -> Response:
    """Show the entries into stages and what became of them."""
    viewer, ctx = _administrator()
    return answer(show_journal(ctx), viewer)


@blueprint.post("/offers/journal/again")
def again() -> Response:
    """Order that an entry is tried again."""
    viewer, ctx = _administrator()
    payload = {"name": "entry_again", "key": request.form.get("key", "")[:300], "asked": ctx.now().isoformat()}
    services().inbox.append("command", viewer.member_id, payload)
    return answer(show_journal(ctx, is_ordered=True), viewer)


def show_rules(ctx: Context, uploaded: str = "") -> str:
    """Return the list of rules."""
    rules = list_rules(ctx)
    stages = {(one["category_id"], one["id"]): one["title"] for one in rulings.list_stages(ctx.store)}
    counts = {rule.key: count_entries(ctx.store, rule.key) for rule in rules}
    return fragment("offer_rules.html", ctx, rules=rules, stages=stages, counts=counts, states=STATES, uploaded=uploaded)


def show_rule(ctx: Context, rule: Rule, note: str = "") -> str:
    """Return the form of a rule. Where the portal does not name its templates, only ours are offered."""
    try:
        theirs = list_foreign(ctx)
    except BitrixError:
        theirs = []
    offered = {
        "stages": rulings.list_stages(ctx.store),
        "types": rulings.list_deal_types(ctx.store),
        "products": rulings.list_products(ctx.store),
        "people": [one for one in rulings.list_employees(ctx.store) if one["is_active"]],
        "segments": [(one.key, one.title[ctx.lang]) for one in load_all(ctx)],
        "templates": TEMPLATES,
        "theirs": theirs,
    }
    is_kept = any(one.key == rule.key for one in list_rules(ctx))
    package = print_package(rule.options.package)
    return fragment("offer_rule.html", ctx, rule=rule, note=note, **offered, is_kept=is_kept, package=package, fills=FILLS, tells=TELLS)


def show_journal(ctx: Context, is_ordered: bool = False) -> str:
    """Return the journal of entries, filtered."""
    asked = {name: request.values.get(name, "")[:100] for name in ("state", "rule", "search")}
    titles = {rule.key: rule.title.get(ctx.lang) or rule.title["ru"] for rule in list_rules(ctx)}
    values = {"entries": list_entries(ctx.store, asked, MOST), "asked": asked, "titles": titles, "states": STATES}
    return fragment("offer_journal.html", ctx, **values, is_ordered=is_ordered)


def read_rule(before: Rule, form: MultiDict[str, str]) -> Rule:
    """Return a rule with what was filled in. Raises Mistaken."""
    category, _, stage = form.get("stage", "").partition(":")
    title = form.get("title", "").strip()[:120]
    condition = Condition(
        types=tuple(form.getlist("types")),
        sum_from=_sum(form, "sum_from"),
        sum_to=_sum(form, "sum_to"),
        product_ids=tuple(int(one) for one in form.getlist("products") if one.isdigit()),
        segment=form.get("segment", ""),
    )
    # A name that comes with the app keeps its translation; a name that a person has typed is the same in both languages.
    titles = before.title if title in before.title.values() else {"ru": title, "en": title}
    pipeline = int(category) if category.isdigit() else 0
    options = _options(before.options, form)
    return replace(before, title=titles, category_id=pipeline, stage_id=stage, condition=condition, options=options)


def _options(before: Options, form: MultiDict[str, str]) -> Options:
    template = form.get("template", before.template)
    return Options(
        template=template,
        valid_days=form.get("valid_days", 14, type=int),
        discount=_sum(form, "discount") or 0.0,
        fill=form.get("fill", "deal") if form.get("fill") in FILLS else "deal",
        package=read_package(form.get("package", "")),
        signer_id=form.get("signer", 0, type=int),
        service_months=max(0, form.get("service_months", 0, type=int)),
        mapping=before.mapping if template == before.template else {},
        public_link=form.get("public_link") == "1",
        send_todo=form.get("send_todo") == "1",
        tell=form.get("tell", "") if form.get("tell") in TELLS else "",
        tell_user_id=form.get("tell_user", 0, type=int),
        next_stage=form.get("next_stage", "").partition(":")[2],
    )


def _sum(form: MultiDict[str, str], name: str) -> float | None:
    """Return a number as people type it, None when the field is empty. Raises Mistaken."""
    text = form.get(name, "").replace(" ", "").replace("\N{NO-BREAK SPACE}", "").replace(",", ".")
    if not text:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise Mistaken(f"“{text[:40]}” is not a number.", f"«{text[:40]}» не число.") from error


def _key(key: str) -> str:
    if not (key.isalnum() and len(key) <= 40):
        raise Malformed("rule's key")
    return new_rule().key if key == NEW else key


def _administrator() -> tuple[Session, Context]:
    viewer = session()
    ctx: Any = services().context(viewer)
    ctx.viewer.check(ADMINISTER)
    return viewer, ctx
