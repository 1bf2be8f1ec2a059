"""Issues an offer: one document in the portal for a key, however often it is asked for.

`document.add` is not idempotent and spends a number, so the journal is written first; what was asked without an answer is
looked up in the portal before it is asked again. Never waits for the PDF, which the portal makes later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from b24app.documents.offer import Offer, read_offer
from b24app.documents.source import read_source
from b24app.documents.templates import BY_KEY, DEAL, Template
from b24app.documents.timeline import tell
from b24app.documents.values import KEY, Source, check_offer, offer_values
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost, Mistaken
from b24app.store import offers
from b24app.store.offers import Row

if TYPE_CHECKING:
    from b24app.context import Context

ADD = "crm.documentgenerator.document.add"
SETTLED_AFTER = 60  # seconds: a portal works no longer on a request, so what was not made by then never will be
PDF_WAITED_FOR = timedelta(hours=1)  # the vendor names 30-40 seconds
NUMBERS_LOOKED_AT = 50  # of a deal's latest documents, when an answer was lost

NO_TEMPLATE = (
    "The offer's template is not in the portal: install the app again.",
    "Шаблона предложения нет: установите приложение заново.",
)
# Refusals of the generator that a person can mend: code or text of the portal, the sentence in English and in Russian.
REFUSALS = (
    ("DOCGEN_LIMIT_ERROR", "The tariff allows no more documents.", "Тариф не позволяет создать больше документов."),
    ("DOCGEN_ACCESS_ERROR", "The app may not create documents.", "Приложению не разрешено создавать документы."),
    ("Шаблон не найден", *NO_TEMPLATE),
    ("deleted template", *NO_TEMPLATE),
    ("is not installed", "The portal has no document generator.", "На портале не включён генератор документов."),
)


@dataclass(frozen=True)
class Options:
    """How an offer is to be made."""

    template: str = "service_offer"
    valid_days: int = 14


def issue_offer(ctx: Context, deal_id: int, key: str, options: Options | None = None) -> Offer:
    """Return the offer of this key; make it, and tell of it in the deal, when that has not been done.

    Raises Mistaken with what is missing, BitrixBusy when it has to be tried again later, BitrixLost when it is not known
    whether the document was made: call again with the same key.
    """
    row = offers.find_offer(ctx.store, key)
    if row is None or row["document_id"] is None:
        row = _make(ctx, row, {"key": key, "deal_id": deal_id}, options or Options())
    return read_offer(tell(ctx, row))


def list_offers(ctx: Context, deal_id: int) -> list[Offer]:
    """Return a deal's offers that this viewer may see, the newest first."""
    return [read_offer(row) for row in offers.list_offers(ctx.store, deal_id, ctx.viewer) if row["document_id"] is not None]


def refresh_pdf(ctx: Context, offer: Offer) -> Offer:
    """Ask once for the links that the portal makes later; return the offer as it is now."""
    try:
        links = _links(_get_document(ctx, offer.document_id))
    except (BitrixBusy, BitrixGone, BitrixLost):
        raise
    except BitrixError as error:  # somebody has deleted the document
        links = {"error": error.text or error.code}
    return read_offer(offers.save_offer(ctx.store, {"key": offer.key, **links, "updated_at": _instant(ctx.now())}))


def awaits_pdf(ctx: Context) -> bool:
    """Tell whether an offer of the last hour has no PDF yet."""
    return bool(offers.list_without_pdf(ctx.store, _instant(ctx.now() - PDF_WAITED_FOR)))


def refresh_pdfs(ctx: Context) -> int:
    """Ask for the PDF of every offer of the last hour that has none; return how many got theirs."""
    waiting = offers.list_without_pdf(ctx.store, _instant(ctx.now() - PDF_WAITED_FOR))
    return sum(bool(refresh_pdf(ctx, read_offer(row)).pdf_url) for row in waiting)


def _make(ctx: Context, row: Row | None, offer: Row, options: Options) -> Row:
    """Find the document that was asked for before, or ask for it."""
    template = BY_KEY[options.template]
    template_id = ctx.app_store.find_setting(ctx.portal.member_id, template.setting)
    if template_id is None:
        raise Mistaken(
            "The offer's template is not in the portal: install the app again.", "Шаблона предложения нет: установите приложение заново."
        )
    if row:
        found = _find_document(ctx, row)
        if found:
            return _save_made(ctx, row["key"], found)
        _wait_until_settled(ctx, row)
    source = read_source(ctx, offer["deal_id"])
    _check(source)
    valid_until = date.fromisoformat(ctx.today()) + timedelta(days=options.valid_days)
    _save_asking(ctx, offer, template, source, valid_until)
    values = offer_values(source, offer["key"], date.fromisoformat(ctx.today()), valid_until)
    return _save_made(ctx, offer["key"], _add(ctx, offer, template_id, values))


def _add(ctx: Context, offer: Row, template_id: int, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add the document. A refusal is forgotten, for nothing was made; a lost answer stays in the journal as `asking`."""
    params = {"templateId": template_id, "entityTypeId": DEAL, "entityId": offer["deal_id"], "values": values}
    try:
        return dict(ctx.bitrix.call(ADD, params).result["document"])
    except BitrixLost:
        raise
    except BitrixError as error:
        offers.forget_offer(ctx.store, offer["key"])
        if isinstance(error, (BitrixBusy, BitrixGone)):
            raise
        raise _mistaken(error) from error


def _mistaken(error: BitrixError) -> Mistaken:
    for word, english, russian in REFUSALS:
        if word == error.code or word in error.text:
            return Mistaken(english, russian)
    said = error.text or error.code
    return Mistaken(f"Bitrix24 did not make the document: {said}", f"Битрикс24 не создал документ: {said}")


def _find_document(ctx: Context, row: Row) -> Mapping[str, Any] | None:
    """Look for a document of the deal that carries our key, the newest first."""
    params = {"filter": {"entityTypeId": DEAL, "entityId": row["deal_id"]}, "order": {"id": "desc"}, "start": 0}
    listed = ctx.bitrix.call("crm.documentgenerator.document.list", params).result["documents"]
    for entry in listed[:NUMBERS_LOOKED_AT]:
        document = _get_document(ctx, entry["id"])
        if _values(document).get(KEY) == row["key"]:
            return document
    return None


def _get_document(ctx: Context, document_id: int | str | None) -> dict[str, Any]:
    return dict(ctx.bitrix.call("crm.documentgenerator.document.get", {"id": int(document_id or 0)}).result["document"])


def _wait_until_settled(ctx: Context, row: Row) -> None:
    """Raise BitrixBusy while the portal may still be at work on what was asked."""
    passed = (ctx.now() - datetime.fromisoformat(row["asked_at"])).total_seconds()
    if passed < SETTLED_AFTER:
        raise BitrixBusy(ADD, "not_settled", "asked a moment ago, the answer was lost", retry_after=SETTLED_AFTER - passed)


def _check(source: Source) -> None:
    problems = check_offer(source)
    if problems:
        raise Mistaken(*(" ".join(problem.sentence(lang) for problem in problems) for lang in ("en", "ru")))


def _save_asking(ctx: Context, offer: Row, template: Template, source: Source, valid_until: date) -> None:
    now = _instant(ctx.now())
    terms = {"amount": float(source.total), "currency": source.currency, "valid_until": valid_until.isoformat(), "template": template.key}
    offers.save_offer(ctx.store, {**offer, **terms, "state": "asking", "asked_at": now, "created_at": now, "updated_at": now})


def _save_made(ctx: Context, key: str, document: Mapping[str, Any]) -> Row:
    made = {name: str(document.get(name) or "") for name in ("number", "title")}
    ids = {"document_id": int(document["id"]), "updated_at": _instant(ctx.now())}
    return offers.save_offer(ctx.store, {"key": key, "state": "made", **ids, **made, **_links(document)})


def _links(document: Mapping[str, Any]) -> Row:
    """Return what the portal fills in later, and why it cannot when it cannot."""
    failed = document.get("isTransformationError")
    return {
        "url": str(document.get("downloadUrl") or ""),
        "pdf_url": "" if failed else str(document.get("pdfUrl") or ""),
        "public_url": str(document.get("publicUrl") or ""),
        "error": str(document.get("transformationErrorMessage") or "PDF failed") if failed else "",
    }


def _values(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a document's values; PHP prints an empty map as []."""
    values = document.get("values")
    return values if isinstance(values, Mapping) else {}


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
