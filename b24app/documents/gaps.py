"""What is missing, said before the document is made: what keeps an offer from being made, and what it will have to do without. Pure."""

from __future__ import annotations

from b24app.documents.amount_words import LIMIT
from b24app.documents.dossier import Source
from b24app.documents.options import Options
from b24app.documents.values import NUMBER, SELLER_NAME, SELLER_NUMBER, TABLE, seller_values
from b24app.documents.wording import clean, first_of, full_name
from b24app.errors import Mistaken

OURS = "Offer"
QUIET = frozenset(
    {NUMBER, SELLER_NAME, SELLER_NUMBER, "DocumentTitle", "DocumentCreateTime", "MY_COMPANY", *TABLE}
)  # spoken of elsewhere, or never empty

NO_CLIENT = Mistaken(
    "The deal has no client: choose a company or a contact in the deal.",
    "В сделке нет клиента: выберите компанию или контакт в карточке сделки.",
)
NOTHING = Mistaken(
    "There is nothing to offer: the deal has neither products nor a sum.",
    "Предлагать нечего: в сделке нет ни товаров с ценой, ни суммы.",
)
TOO_LARGE = Mistaken("The deal's sum is too large to be true.", "Сумма сделки слишком велика, чтобы быть верной.")
NO_SELLER = Mistaken(
    "The name of your own company is not filled in: CRM settings, details of your companies.",
    "Не заполнено название вашей компании: «Настройки CRM», «Реквизиты ваших компаний».",
)
NO_SELLER_NUMBER = Mistaken(
    "Your own company's taxpayer number is not filled in: CRM settings, details of your companies.",
    "Не заполнен ИНН вашей компании: «Настройки CRM», «Реквизиты ваших компаний».",
)
NO_PHONE = Mistaken("The manager has neither a phone nor an e-mail.", "У менеджера не указаны ни телефон, ни почта.")
NO_MANAGER = Mistaken("The deal's responsible person has no name.", "У ответственного за сделку не указано имя.")
NOBODY = Mistaken(
    "The deal's client has no contact person: the greeting is general.", "У клиента нет контактного лица: обращение будет общим."
)
UNREACHABLE = Mistaken("The client has neither a phone nor an e-mail.", "У клиента нет ни телефона, ни почты.")
NO_ACCOUNT = Mistaken(
    "Your own company has no bank account: CRM settings, details of your companies.",
    "Не заполнен расчётный счёт вашей компании: «Настройки CRM», «Реквизиты ваших компаний».",
)
NO_REQUISITES = Mistaken(
    "The client's requisites are not filled in: the offer has his name only.",
    "Реквизиты клиента не заполнены: в предложении будет только его название.",
)
NO_HISTORY = Mistaken(
    "The client has not bought before: the offer tells no history.", "Клиент раньше не покупал: истории в предложении не будет."
)
NO_TAX = Mistaken("Products name no VAT rate: the offer says nothing of VAT.", "У товаров не указан НДС: предложение о нём промолчит.")


def check_offer(source: Source, options: Options | None = None) -> list[Mistaken]:
    """Return what keeps this offer from being made, each a sentence that says where to mend it. Empty: nothing does."""
    total, told, seller = source.basket(options or Options()).total, source.template_fields or {}, seller_values(source)
    stops = (
        (NO_CLIENT, not source.client),
        (NOTHING, total <= 0),
        (TOO_LARGE, total >= LIMIT),
        (NO_SELLER, SELLER_NAME in told and not seller[SELLER_NAME]),
        (NO_SELLER_NUMBER, SELLER_NUMBER in told and not seller[SELLER_NUMBER]),
    )
    return [sentence for sentence, is_so in stops if is_so]


def list_gaps(source: Source, options: Options) -> list[Mistaken]:
    """Return what the offer has to do without, each a sentence for who is about to make it."""
    reached = any(first_of(record, kind) for record in (source.contact, source.company) for kind in ("PHONE", "EMAIL"))
    basket = source.basket(options)
    said = (
        (NOBODY, not full_name(source.contact)),
        (UNREACHABLE, not reached),
        (NO_MANAGER, not full_name(source.manager)),
        (NO_PHONE, not (source.manager.get("WORK_PHONE") or source.manager.get("PERSONAL_MOBILE") or source.manager.get("EMAIL"))),
        (NO_ACCOUNT, not source.ours.account_number and not clean(source.seller.get("bankingDetails"))),
        (NO_REQUISITES, bool(source.company) and not source.theirs.number and not clean(source.company.get("bankingDetails"))),
        (NO_HISTORY, not source.purchases),
        (NO_TAX, bool(basket.lines) and not basket.taxes),
    )
    return [sentence for sentence, is_so in said if is_so] + _empty_fields(source, options)


def _empty_fields(source: Source, options: Options) -> list[Mistaken]:
    """Name the fields of the template that neither the portal nor we have a value for."""
    empty = [
        clean(told.get("title"), 60) or code
        for code, told in (source.template_fields or {}).items()
        if told.get("value") in (None, "", []) and told.get("type") != "IMAGE" and code not in QUIET
        if not code.startswith(OURS) and code not in options.mapping and not seller_values(source).get(code)
    ]
    if not empty:
        return []
    names = ", ".join(f"«{title}»" for title in empty)
    return [Mistaken(f"The template has fields without a value: {names}.", f"В шаблоне останутся пустыми поля: {names}.")]
