"""What the pages say, in Russian and English. Owns the sentences of the interface and their grammar; nothing is read from CRM here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from b24app.segments.words import number_text, plural

LANGS = ("ru", "en")

# key: (Russian, English). A key that a template names and that is not here fails the build.
WORDS: Mapping[str, tuple[str, str]] = {
    "app": ("Повторные продажи", "Repeat sales"),
    "segments": ("Сегменты", "Segments"),
    "segments_lead": ("Сегменты обновляются сами, как только меняется CRM.", "Segments refresh by themselves whenever CRM changes."),
    "back_to_segments": ("← Все сегменты", "← All segments"),
    "of_base": ("от базы", "of the base"),
    "unknown": ("Неизвестно: {count}", "Unknown: {count}"),
    "unknown_hint": ("Нужное поле не заполнено, ответить «да» или «нет» нельзя", "The field is empty, so neither yes nor no can be said"),
    "refreshed": ("Обновлено {when}", "Refreshed {when}"),
    "not_refreshed": ("Ещё не считался", "Not counted yet"),
    "choose": ("Выбрать", "Choose"),
    "choose_field": ("Поле с датой", "Date field"),
    "search": ("Имя, телефон или почта", "Name, phone or e-mail"),
    "nobody": ("В сегменте никого нет", "Nobody is in this segment"),
    "nobody_found": ("Никто не найден", "Nobody found"),
    "no_clients_of_yours": (
        "Здесь видны только клиенты, за которых отвечаете вы",
        "You see only the clients that you are responsible for",
    ),
    "client": ("Клиент", "Client"),
    "reason": ("Почему в сегменте", "Why in the segment"),
    "phone": ("Телефон", "Phone"),
    "email": ("Почта", "E-mail"),
    "responsible": ("Ответственный", "Responsible"),
    "since": ("В сегменте с", "In since"),
    "previous": ("← Назад", "← Previous"),
    "next": ("Дальше →", "Next →"),
    "page_of": ("{first}–{last} из {total}", "{first}–{last} of {total}"),
    "open_card": ("Открыть карточку в CRM", "Open the card in CRM"),
    "numbers": ("Клиент в цифрах", "The client in numbers"),
    "his_segments": ("В каких сегментах и почему", "Which segments, and why"),
    "in_no_segment": ("Клиент не входит ни в один сегмент", "The client is in no segment"),
    "offers": ("Предложения по сделке", "Offers of the deal"),
    "no_offers": (
        "Предложений ещё нет. Их делает робот «Сервисное предложение» на стадии сделки.",
        "No offers yet. The robot “Service offer” on a deal stage makes them.",
    ),
    "download": ("Скачать .docx", "Download .docx"),
    "download_pdf": ("Скачать PDF", "Download PDF"),
    "valid_until": ("действует до {date}", "valid until {date}"),
    "no_client": ("В сделке нет клиента", "The deal has no client"),
    "not_found": ("Такого нет или это не ваш клиент", "No such thing, or not a client of yours"),
    "session_over": (
        "Страница открыта слишком давно. Обновите её.",
        "The page has been open for too long. Reload it.",
    ),
    "refused": ("Откройте приложение из Битрикс24.", "Open the app from Bitrix24."),
    "went_wrong": ("Не получилось. Попробуйте ещё раз.", "It did not work. Please try again."),
    "not_installed": (
        "Установка ещё идёт: данные появятся, когда закончится первая загрузка.",
        "The installation is still running: figures appear when the first load is done.",
    ),
    "offline": ("Нет связи с приложением. Попробуйте ещё раз.", "No connection to the app. Please try again."),
    "mirror": ("В копии: {contacts}, {companies}, {deals}", "In the mirror: {contacts}, {companies}, {deals}"),
    "open_details": ("Что известно о клиенте", "What is known of the client"),
}

# key: Russian one, few, many; English one, other
COUNTED: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "contacts": (("контакт", "контакта", "контактов"), ("contact", "contacts")),
    "companies": (("компания", "компании", "компаний"), ("company", "companies")),
    "deals": (("сделка", "сделки", "сделок"), ("deal", "deals")),
    "clients": (("клиент", "клиента", "клиентов"), ("client", "clients")),
}


def speaker(lang: str) -> Callable[..., str]:
    """Return the function that templates call as t("key", name=value)."""
    column = LANGS.index(lang) if lang in LANGS else LANGS.index("en")

    def say(key: str, **values: object) -> str:
        return WORDS[key][column].format(**values)

    return say


def counted(lang: str, number: int, key: str) -> str:
    """Return "1 клиент", "3 клиента", "5 клиентов" or "3 clients"."""
    forms = COUNTED[key][LANGS.index(lang)]
    return f"{number_text(number, lang)}\N{NO-BREAK SPACE}{plural(number, forms, lang)}"
