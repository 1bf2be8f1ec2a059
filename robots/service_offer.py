"""The robot «Service offer»: makes the offer document of a deal when the deal reaches a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from b24app.documents.issue import issue_offer
from b24app.documents.offer import headline
from b24app.documents.options import Options
from robots.properties import Texts, Whole
from robots.robot import DEAL, Call, Result, Returned, Robot

if TYPE_CHECKING:
    from b24app.context import Context


class ServiceOffer(Robot):
    """Make a service offer from the deal's real data and give the workflow its id, number and link."""

    code = "service_offer"
    name: ClassVar[Texts] = {"ru": "Сервисное предложение", "en": "Service offer"}
    description: ClassVar[Texts] = {
        "ru": "Создаёт предложение на сервис по товарам и клиенту сделки, прикладывает его к сделке, возвращает номер и ссылку.",
        "en": "Makes a service offer from the deal's products and client, adds it to the deal and returns its number and link.",
    }
    documents = (DEAL,)
    properties = (Whole("valid_days", {"ru": "Срок действия, дней", "en": "Valid for, days"}, default=14, smallest=1, largest=365),)
    returns = (
        Returned("document_id", "int", {"ru": "ID документа", "en": "Document id"}),
        Returned("number", "string", {"ru": "Номер предложения", "en": "Offer number"}),
        Returned("title", "string", {"ru": "Название документа", "en": "Document title"}),
        Returned("link", "string", {"ru": "Ссылка на документ", "en": "Link to the document"}),
        Returned("sum", "double", {"ru": "Сумма предложения", "en": "Offer sum"}),
        Returned("valid_until", "date", {"ru": "Действует до", "en": "Valid until"}),
    )

    def run(self, ctx: Context, call: Call) -> Result:
        """Issue the offer of this call: the same call again finds the same document."""
        offer = issue_offer(ctx, call.deal_id, call.key, Options(valid_days=call.properties["valid_days"]))
        values = {
            "document_id": offer.document_id,
            "number": offer.number,
            "title": offer.title,
            "link": offer.url,
            "sum": offer.amount,
            "valid_until": offer.valid_until,
        }
        return Result(values, {lang: f"{headline(offer, lang)}: {offer.url}" for lang in ("ru", "en")})
