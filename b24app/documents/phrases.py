"""Every sentence that a document of ours says, in Russian and English, and how it is put together. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from b24app.documents.amount_words import plural

LANGS = ("ru", "en")

# By key: Russian, then English.
PHRASES: Mapping[str, tuple[str, str]] = {
    "bought": ("{day} вы приобрели у нас: {products}.", "On {day} you bought from us: {products}."),
    "more": (" и ещё {count} {word}", " and {count} more {word}"),
    "thanks_known": ("Благодарим, что вы работаете с нами.", "Thank you for working with us."),
    "thanks_new": ("Благодарим за обращение.", "Thank you for your enquiry."),
    "warranty_live": ("Гарантия действует до {day}", "The warranty is valid until {day}"),
    "warranty_over": ("Гарантия закончилась {day}", "The warranty ended on {day}"),
    "contract_live": ("Ваш договор действует до {day}", "Your contract is valid until {day}"),
    "contract_over": ("Срок вашего договора закончился {day}", "Your contract ended on {day}"),
    "serviced": ("Последнее обслуживание мы провели {day}", "We last serviced your equipment on {day}"),
    "service_due": ("Следующее плановое обслуживание — {day}", "The next scheduled service is on {day}"),
    "service_overdue": ("Плановое обслуживание подошло {day}", "A scheduled service was due on {day}"),
    "why_service": (
        "Плановое обслуживание помогает оборудованию работать без остановок, поэтому предлагаем вам следующие услуги.",
        "Scheduled maintenance keeps equipment running without interruption, so we propose the following services.",
    ),
    "rhythm": (
        "Обычно вы заказываете снова примерно в это время: ждём следующую поставку около {day}",
        "You usually order again around this time: we expect your next delivery about {day}",
    ),
    "why_delivery": (
        "Чтобы запас не закончился неожиданно, мы подготовили повторную поставку: подтвердите её, и мы зарезервируем товар.",
        "So that your stock does not run out, we have prepared a repeat delivery: confirm it, and we will reserve the goods.",
    ),
    "long_ago": (
        "Последний раз вы заказывали у нас {day}, и нам важно, чтобы вы вернулись.",
        "Your last order with us was on {day}, and we would like to have you back.",
    ),
    "why_return": (
        "За это время мы собрали для вас условия, с которыми удобно начать снова; они действуют только по этому предложению.",
        "We have put together terms that make it easy to start again; they apply to this offer only.",
    ),
    "equipment": ("Оборудование: {name}", "Equipment: {name}"),
    "lines": ("Всего наименований {count}, на сумму {sum}.", "Items: {count}, in the amount of {sum}."),
    "discount": ("Скидка{rate}: {sum}.", "Discount{rate}: {sum}."),
    "taxes": ("В том числе {taxes}.", "Including {taxes}."),
    "tax": (
        "НДС\N{NO-BREAK SPACE}{rate}\N{NO-BREAK SPACE}%:\N{NO-BREAK SPACE}{sum}",
        "VAT\N{NO-BREAK SPACE}{rate}%:\N{NO-BREAK SPACE}{sum}",
    ),
    "service": ("Сервисное обслуживание", "Maintenance service"),
    "unit": ("усл.", "serv."),
    "piece": ("шт", "pcs"),
    "inn": ("ИНН", "Tax ID"),
    "kpp": ("КПП", "KPP"),
    "ogrn": ("ОГРН", "OGRN"),
    "ogrnip": ("ОГРНИП", "OGRNIP"),
    "account": ("р/с\N{NO-BREAK SPACE}{number}", "account\N{NO-BREAK SPACE}{number}"),
    "account_with": ("р/с\N{NO-BREAK SPACE}{number} в {bank}", "account\N{NO-BREAK SPACE}{number} with {bank}"),
    "bic": ("БИК", "BIC"),
    "corr_account": ("к/с", "corr. account"),
    "manager": ("Менеджер", "Account manager"),
    "to_client": ("вниманию руководителя", "for the attention of the management"),
}
PRODUCTS = {"ru": ("позицию", "позиции", "позиций"), "en": ("item", "items", "items")}


def say(lang: str, key: str, **values: object) -> str:
    """Return a phrase in the language of the document."""
    return PHRASES[key][0 if lang == "ru" else 1].format(**values)


def sentence(lang: str, key: str, **values: object) -> str:
    """Return a phrase that ends with one full stop: Russian days end with «г.» already."""
    return say(lang, key, **values).rstrip(".") + "."


def name_products(lang: str, names: Sequence[str], most: int) -> str:
    """Return the first names and how many more there are."""
    more = len(names) - most
    forms = PRODUCTS["ru" if lang == "ru" else "en"]
    word = plural(more, forms) if lang == "ru" else forms[more != 1]
    return ", ".join(names[:most]) + (say(lang, "more", count=more, word=word) if more > 0 else "")
