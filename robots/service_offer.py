"""The robot «Service offer»: makes the offer document of a deal when the deal reaches a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from b24app.documents.issue import issue_offer
from b24app.documents.lines import read_package
from b24app.documents.offer import headline
from b24app.documents.options import Options
from b24app.documents.preview import preview_offer
from b24app.documents.templates import TEMPLATES
from robots.properties import Choice, Flag, Fraction, Line, Person, Texts, Whole
from robots.robot import DEAL, Call, Result, Returned, Robot

if TYPE_CHECKING:
    from b24app.context import Context

FILLS: dict[str, Texts] = {
    "deal": {"ru": "Сумма сделки одной строкой", "en": "The deal's sum as one line"},
    "package": {"ru": "Пакет из настройки ниже", "en": "The package set below"},
    "last": {"ru": "То же, что в прошлую покупку", "en": "The same as in the last purchase"},
}


class ServiceOffer(Robot):
    """Make a service offer from the deal's real data and give the workflow its id, number and link."""

    code = "service_offer"
    name: ClassVar[Texts] = {"ru": "Сервисное предложение", "en": "Service offer"}
    description: ClassVar[Texts] = {
        "ru": "Создаёт предложение на сервис по товарам и клиенту сделки, прикладывает его к сделке, возвращает номер и ссылку.",
        "en": "Makes a service offer from the deal's products and client, adds it to the deal and returns its number and link.",
    }
    documents = (DEAL,)
    has_page = True
    properties = (
        Whole("valid_days", {"ru": "Срок действия, дней", "en": "Valid for, days"}, default=14, smallest=1, largest=365),
        Choice("template", {"ru": "Шаблон", "en": "Template"}, {template.key: template.name for template in TEMPLATES}, "service_offer"),
        Choice("fill", {"ru": "Если в сделке нет товаров", "en": "If the deal has no products"}, FILLS, "deal"),
        Line("package", {"ru": "Пакет: название; количество; цена; НДС %", "en": "Package: name; quantity; price; VAT %"}, is_long=True),
        Fraction("discount", {"ru": "Скидка, %", "en": "Discount, %"}, default=0.0, smallest=0.0, largest=99.0),
        Person("signer", {"ru": "Кто подписывает", "en": "Signer"}),
        Flag("public_link", {"ru": "Публичная ссылка для клиента", "en": "Public link for the client"}),
        Flag("todo", {"ru": "Дело «Отправить предложение»", "en": "Todo “Send the offer”"}),
    )
    returns = (
        Returned("document_id", "int", {"ru": "ID документа", "en": "Document id"}),
        Returned("number", "string", {"ru": "Номер предложения", "en": "Offer number"}),
        Returned("title", "string", {"ru": "Название документа", "en": "Document title"}),
        Returned("link", "string", {"ru": "Ссылка на документ", "en": "Link to the document"}),
        Returned("sum", "double", {"ru": "Сумма предложения", "en": "Offer sum"}),
        Returned("valid_until", "date", {"ru": "Действует до", "en": "Valid until"}),
    )

    def run(self, ctx: Context, call: Call) -> Result:
        """Issue the offer of this call: the same call again finds the same document. What it lacks is said beside it."""
        offer = issue_offer(ctx, call.deal_id, call.key, options_of(call))
        values = {
            "document_id": offer.document_id,
            "number": offer.number,
            "title": offer.title,
            "link": offer.url,
            "sum": offer.amount,
            "valid_until": offer.valid_until,
        }
        return Result(values, {lang: f"{headline(offer, lang)}: {offer.url} {offer.remark(lang)}".rstrip() for lang in ("ru", "en")})

    def preview(self, ctx: Context, call: Call) -> Result:
        """Say the sum, what stops the offer and what it would lack; no number is spent."""
        found = preview_offer(ctx, call.deal_id, options_of(call))
        said = {lang: " ".join(one.sentence(lang) for one in (*found.stops, *found.gaps)) for lang in ("ru", "en")}
        totals = {"ru": f"Предложение на {found.money}.", "en": f"An offer for {found.money}."}
        values = {value.code: "" for value in self.returns} | {"sum": float(found.total)}
        return Result(values, {lang: f"{totals[lang]} {said[lang]}".rstrip() for lang in said}, has_failed=bool(found.stops))


def options_of(call: Call) -> Options:
    """Return what the robot's form asks for. Raises Mistaken when a line of the package cannot be read."""
    asked = call.properties
    return Options(
        template=asked["template"],
        valid_days=asked["valid_days"],
        discount=asked["discount"],
        fill=asked["fill"],
        package=read_package(asked["package"]),
        signer_id=asked["signer"],
        public_link=asked["public_link"],
        send_todo=asked["todo"],
    )
