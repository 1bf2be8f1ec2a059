"""Declares the facts about talking to a client: contacts, support, how he is reached, who he is. Words only; see `counting`."""

from __future__ import annotations

from b24app.clients.fact import Fact, say, speak
from b24app.clients.facts_purchases import DAYS_EN, DAYS_RU
from b24app.clients.talks import CHANNELS, RECENT_DAYS

CHANNEL_TITLES = {channel.key: (channel.ru, channel.en) for channel in CHANNELS}
REQUESTS_RU = ("обращение", "обращения", "обращений")
COMPLAINTS_RU = ("жалоба", "жалобы", "жалоб")

CONTACT: tuple[Fact, ...] = (
    Fact(
        "last_contact", "date", "contact",
        speak(
            say("Последний контакт", "Последний звонок, письмо, чат, сообщение или встреча; планы не в счёт.", "последний контакт {value}"),
            say("Last contact", "The last call, letter, chat, message or meeting; plans do not count.", "last contact {value}"),
        ),
    ),
    Fact(
        "silence_days", "days", "contact",
        speak(
            say("Дней тишины", "Сколько дней прошло с последнего контакта.", "последний контакт {date}, {value}"),
            say("Days of silence", "Days since the last contact.", "last contact {date}, {value}"),
        ),
        since="last_contact",
    ),
    Fact(
        "last_channel", "choice", "contact",
        speak(
            say("Канал последнего контакта", "Как общались в последний раз.", "последний раз — {value}"),
            say("Last channel", "How we talked the last time.", "last time by {value}"),
            **CHANNEL_TITLES,
        ),
    ),
    Fact(
        "last_begun_by", "choice", "contact",
        speak(
            say("Кто начал", "Кто начал последний контакт.", "последний контакт начал: {value}"),
            say("Begun by", "Who began the last contact.", "last contact begun by {value}"),
            client=("клиент", "the client"), us=("мы", "us"),
        ),
    ),
    *(
        Fact(
            f"last_{channel.key}", "date", "contact",
            speak(
                say(f"Последний контакт: {channel.ru}", f"Когда был последний контакт: {channel.ru}.", f"{channel.ru} {{value}}"),
                say(f"Last {channel.en}", f"When the last {channel.en} was.", f"last {channel.en} {{value}}"),
            ),
        )
        for channel in CHANNELS
    ),
    Fact(
        "last_incoming", "date", "contact",
        speak(
            say("Клиент обращался", "Когда клиент последний раз сам позвонил или написал.", "сам обращался {value}"),
            say("Last heard from", "When the client last called or wrote himself.", "last heard from {value}"),
        ),
    ),
    Fact(
        "last_outgoing", "date", "contact",
        speak(
            say("Мы обращались", "Когда мы последний раз позвонили или написали.", "мы обращались {value}"),
            say("Last approached", "When we last called or wrote.", "last approached {value}"),
        ),
    ),
)  # fmt: skip
SUPPORT: tuple[Fact, ...] = (
    Fact(
        "open_requests", "count", "support",
        speak(
            say("Открытые обращения", "Обращения в поддержку, жалобы тоже, которые не закрыты.", "открыто: {value}", *REQUESTS_RU),
            say("Open requests", "Requests for support, complaints among them, that are not closed.", "{value} open", "request",
                "requests"),
        ),
    ),
    Fact(
        "recent_requests", "count", "support",
        speak(
            say("Недавние обращения", f"Обращения в поддержку, жалобы тоже, за {RECENT_DAYS} дней.", f"за {RECENT_DAYS} дней {{value}}",
                *REQUESTS_RU),
            say("Recent requests", f"Requests for support, complaints among them, of {RECENT_DAYS} days.",
                f"{{value}} in {RECENT_DAYS} days", "request", "requests"),
        ),
    ),
    Fact(
        "last_request", "date", "support",
        speak(
            say("Последнее обращение", "Когда клиент последний раз обратился в поддержку.", "последнее обращение {value}"),
            say("Last request", "When the client last asked for support.", "last request {value}"),
        ),
    ),
    Fact(
        "open_complaints", "count", "support",
        speak(
            say("Открытые жалобы", "Жалобы, которые не закрыты.", "открыто: {value}", *COMPLAINTS_RU),
            say("Open complaints", "Complaints that are not closed.", "{value} open", "complaint", "complaints"),
        ),
    ),
    Fact(
        "recent_complaints", "count", "support",
        speak(
            say("Недавние жалобы", f"Жалобы за {RECENT_DAYS} дней.", f"за {RECENT_DAYS} дней {{value}}", *COMPLAINTS_RU),
            say("Recent complaints", f"Complaints of {RECENT_DAYS} days.", f"{{value}} in {RECENT_DAYS} days", "complaint", "complaints"),
        ),
    ),
)  # fmt: skip
REACH: tuple[Fact, ...] = (
    Fact(
        "has_phone", "flag", "reach",
        speak(
            say("Есть телефон", "У клиента или его контакта записан номер, похожий на настоящий.", "есть телефон: {value}"),
            say("Has a phone", "The client or a contact of his has a number that looks real.", "has a phone: {value}"),
        ),
    ),
    Fact(
        "has_email", "flag", "reach",
        speak(
            say("Есть почта", "У клиента или его контакта записан адрес, похожий на настоящий.", "есть почта: {value}"),
            say("Has an e-mail", "The client or a contact of his has an address that looks real.", "has an e-mail: {value}"),
        ),
    ),
    Fact(
        "consent", "flag", "reach",
        speak(
            say("Согласие", "Согласие на рассылки из поля, которое выбрал администратор; пусто — неизвестно.",
                "согласие на рассылки: {value}"),
            say("Consent", "Consent to mailings, from the field that the administrator chose; empty is unknown.",
                "consent to mailings: {value}"),
        ),
    ),
)  # fmt: skip
CARD: tuple[Fact, ...] = (
    Fact("birthday", "date", "card", speak(say("День рождения", "Из карточки контакта."), say("Birthday", "From the contact's card."))),
    Fact(
        "age", "count", "card",
        speak(
            say("Возраст", "Полных лет по дню рождения.", "возраст {value}", "год", "года", "лет"),
            say("Age", "Full years by the birthday.", "{value} old", "year", "years"),
        ),
    ),
    Fact(
        "sex", "choice", "card",
        speak(
            say("Пол", "По обращению в карточке контакта."),
            say("Sex", "By the salutation in the contact's card."),
            male=("мужской", "male"), female=("женский", "female"),
        ),
    ),
    Fact(
        "city", "text", "card",
        speak(
            say("Город", "Из поля, которое выбрал администратор."),
            say("City", "From the field that the administrator chose."),
        ),
    ),
    Fact("source", "text", "card", speak(say("Источник", "Источник из карточки."), say("Source", "The card's source."))),
    Fact(
        "responsible", "text", "card",
        speak(say("Ответственный", "Ответственный из карточки."), say("Responsible", "The card's responsible person.")),
    ),
    Fact(
        "key_date", "date", "card",
        speak(
            say("Важная дата", "Из поля, которое выбрал администратор: конец договора, абонемента.", "важная дата {value}"),
            say("Key date", "From the field that the administrator chose: the end of a contract, of a membership.", "key date {value}"),
        ),
    ),
    Fact(
        "days_to_key_date", "count", "card",
        speak(
            say("Дней до важной даты", "Сколько дней осталось; после неё — со знаком минус.", "до важной даты {value}", *DAYS_RU),
            say("Days to the key date", "How many days are left; after it, less than nothing.", "{value} to the key date", *DAYS_EN),
        ),
    ),
)  # fmt: skip
