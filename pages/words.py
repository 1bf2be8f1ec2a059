"""What the pages say, in Russian and English. Owns the sentences of the interface and their grammar; nothing is read from CRM here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from b24app.segments.words import number_text, plural
from pages import administration_words, call_words, clients_words, offer_words, segment_words

LANGS = ("ru", "en")

# key: (Russian, English). A key that a template names and that is not here fails the build.
WORDS: Mapping[str, tuple[str, str]] = {
    **segment_words.WORDS,
    **clients_words.WORDS,
    **administration_words.WORDS,
    **call_words.WORDS,
    **offer_words.WORDS,
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
    "rhythm_picture": ("Покупки на линии времени", "Purchases on a line of time"),
    "today": ("сегодня", "today"),
    "expected": ("ждём покупку {date}", "next purchase expected {date}"),
    "all_known": ("Всё, что известно", "All that is known"),
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
    "not_allowed": (
        "На это у вас нет права. Права раздаёт администратор портала на странице «Права».",
        "You have no right for this. The portal's administrator gives rights on the page “Rights”.",
    ),
    "no_access": (
        "У вас нет доступа к приложению. Его даёт администратор портала.",
        "You have no access to the app. The portal's administrator gives it.",
    ),
    "refused": ("Откройте приложение из Битрикс24.", "Open the app from Bitrix24."),
    "went_wrong": ("Не получилось. Попробуйте ещё раз.", "It did not work. Please try again."),
    "not_installed": (
        "Установка ещё идёт: данные появятся, когда закончится первая загрузка.",
        "The installation is still running: figures appear when the first load is done.",
    ),
    "offline": ("Нет связи с приложением. Попробуйте ещё раз.", "No connection to the app. Please try again."),
    "mirror": ("В копии: {contacts}, {companies}, {deals}", "In the mirror: {contacts}, {companies}, {deals}"),
    "sync": ("Синхронизация", "Synchronisation"),
    "sync_lead": (
        "Копия базы на сервере приложения, запросы к порталу и то, чем они заняты.",
        "The copy of your base on the app's server, the requests to the portal, and what they are spent on.",
    ),
    "since_when": ("с {when}", "since {when}"),
    "trouble_portal_busy": (
        "Портал отвечает, что запросов слишком много. Приложение ждёт и продолжит само.",
        "The portal says there are too many requests. The app waits and goes on by itself.",
    ),
    "trouble_method_rests": (
        "Портал временно остановил один из методов: он работал слишком долго. Остальное продолжается.",
        "The portal has stopped one of its methods for a while: it worked too long. Everything else goes on.",
    ),
    "trouble_overload": (
        "Портал заблокировал REST из-за нагрузки. Обратитесь в поддержку Битрикс24.",
        "The portal has blocked REST because of its load. Ask Bitrix24's support.",
    ),
    "trouble_moved": (
        "Портал переехал на адрес, которого нет в настройках. Добавьте его в B24APP_PORTALS и перезапустите сервер.",
        "The portal has moved to an address that is not in the settings. Add it to B24APP_PORTALS and restart the server.",
    ),
    "trouble_unreachable": (
        "Портал недоступен: соединение не устанавливается. Приложение пробует снова.",
        "The portal cannot be reached. The app keeps trying.",
    ),
    "trouble_no_answer": (
        "Портал не отвечает или отвечает не до конца. Приложение пробует снова, ничего не потеряно.",
        "The portal does not answer, or not to the end. The app keeps trying; nothing is lost.",
    ),
    "trouble_no_access": (
        "Портал не признаёт наш доступ. Откройте страницу установки снова или подключите новый вебхук.",
        "The portal does not accept our access. Open the install page again, or connect a new webhook.",
    ),
    "trouble_no_scope": (
        "Приложению не хватает прав. Отметьте их в настройках приложения на портале и сохраните.",
        "The app lacks permissions. Tick them in the app's settings in the portal and save.",
    ),
    "trouble_no_plan": (
        "Портал отказывает: не позволяет тариф или права сотрудника, который установил приложение.",
        "The portal refuses: the plan, or the rights of whoever installed the app, do not allow it.",
    ),
    "trouble_revoked": (
        "Портал больше не принимает наш доступ. Откройте приложение администратором портала или возобновите доступ на странице «Доступ и "
        "удаление»: всё, что портал прислал, ждёт.",
        "The portal accepts our access no more. Open the app as the portal's administrator, or renew access on the page “Access and "
        "removal”: all that the portal has sent is waiting.",
    ),
    "trouble_unpaid": (
        "Подписка портала закончилась: Битрикс24 не даёт доступа, пока её не продлят. Приложение продолжит само.",
        "The portal's subscription has ended: Bitrix24 gives no access until it is paid. The app goes on by itself.",
    ),
    "trouble_gone": (
        "На портале приложения больше нет. Установите его заново.",
        "The app is no longer in the portal. Install it again.",
    ),
    "trouble_refused": (
        "Портал отклонил запрос. Подробности в журнале сервера.",
        "The portal refused a request. The server's log says more.",
    ),
    "trouble_disk": (
        "На сервере приложения кончилось место на диске. Освободите его: приложение продолжит само.",
        "The app's server has no room left on its disk. Free some: the app goes on by itself.",
    ),
    "trouble_locked": ("База приложения занята другой программой.", "The app's database is held by another program."),
    "trouble_defect": ("Ошибка в приложении. Подробности в журнале сервера.", "An error in the app. The server's log says more."),
    "trouble_worker_down": (
        "Фоновая часть приложения не запущена: копия не обновляется, роботы ждут. Запустите её на сервере.",
        "The app's background part does not run: the copy is not kept up, robots wait. Start it on the server.",
    ),
    "all_is_well": ("Всё в порядке", "All is well"),
    "paused": ("Синхронизация приостановлена. Роботы и страницы работают.", "Synchronisation is paused. Robots and pages go on."),
    "pause": ("Приостановить", "Pause"),
    "resume": ("Продолжить", "Resume"),
    "first_sync": ("Первая загрузка", "First load"),
    "first_sync_of": ("{rows} из {total} строк, запросов: {requests}", "{rows} of {total} rows, requests: {requests}"),
    "left": ("осталось около {minutes} мин", "about {minutes} min left"),
    "requests": ("Запросы к порталу за сутки", "Requests to the portal in 24 hours"),
    "busiest": ("Самый занятой час: {count} из {ceiling} возможных", "The busiest hour: {count} of {ceiling} possible"),
    "bucket": ("Сейчас занято", "In use now"),
    "of_number": ("{part} из {whole}", "{part} of {whole}"),
    "lane_interactive": ("Люди и роботы", "People and robots"),
    "lane_events": ("События", "Events"),
    "lane_bulk": ("Массовое чтение", "Mass reads"),
    "refused_503": ("Отказов «слишком часто»", "Refused: too often"),
    "refused_429": ("Отказов «метод отдыхает»", "Refused: method rests"),
    "methods": ("Время работы методов", "Working time of methods"),
    "methods_lead": (
        "Портал даёт каждому методу {limit} секунд за десять минут. Приложение останавливается раньше.",
        "The portal gives each method {limit} seconds in ten minutes. The app stops before that.",
    ),
    "method": ("Метод", "Method"),
    "seconds_now": ("Сейчас, с", "Now, s"),
    "seconds_of_day": ("За сутки, с", "In 24 hours, s"),
    "rests_until": ("отдыхает до {when}", "rests until {when}"),
    "no_requests": ("Запросов ещё не было", "No requests yet"),
    "copy": ("Копия базы", "The copy of the base"),
    "swept": ("Последняя сверка изменений: {when}", "Changes last compared: {when}"),
    "never_swept": ("Изменения ещё не сверялись", "Changes have not been compared yet"),
    "certificate": ("Полная сверка", "Full comparison"),
    "certificate_equal": (
        "Копия равна порталу: {when}. Отличий найдено {found}, исправлено {repaired}, запросов {requests}.",
        "The copy equals the portal: {when}. Differences found {found}, repaired {repaired}, requests {requests}.",
    ),
    "certificate_left": (
        "{when}: отличий найдено {found}, исправлено {repaired}, осталось {remaining}, запросов {requests}.",
        "{when}: differences found {found}, repaired {repaired}, left {remaining}, requests {requests}.",
    ),
    "no_certificate": ("Полной сверки ещё не было", "There has been no full comparison yet"),
    "entity": ("Что", "What"),
    "rows_here": ("Здесь", "Here"),
    "rows_there": ("На портале", "In the portal"),
    "differed": ("Отличалось", "Differed"),
    "repaired": ("Исправлено", "Repaired"),
    "compare": ("Сверить сейчас", "Compare now"),
    "compare_ordered": ("Сверка заказана, результат появится здесь.", "The comparison is ordered; its result will appear here."),
    "alarms": ("Повторяющиеся отличия", "Differences that return"),
    "alarm_returned": ("{title} {id}: отличается снова, раз: {times}", "{title} {id}: differs again, times: {times}"),
    "alarm_remaining": ("{title} {id}: не удалось исправить, раз: {times}", "{title} {id}: could not be repaired, times: {times}"),
    "pace": ("Щадящий режим", "Gentle hours"),
    "pace_lead": (
        "В эти часы массовое чтение берёт только часть запросов портала. Люди, роботы и события не ждут.",
        "In these hours mass reads take only a part of the portal's requests. People, robots and events do not wait.",
    ),
    "from": ("с", "from"),
    "until": ("до", "until"),
    "share": ("доля, %", "share, %"),
    "save": ("Сохранить", "Save"),
    "gentle_now": ("Сейчас массовое чтение берёт {share} %", "Mass reads take {share}% now"),
    "by_webhook": (
        "Портал подключён входящим вебхуком: копия обновляется сверкой раз в несколько минут.",
        "The portal is connected by an incoming webhook: the copy is kept up by comparing every few minutes.",
    ),
    "not_available": ("Недоступно без установки приложения", "Not available without installing the app"),
    "needs_robots": ("роботы сделок: их регистрирует только приложение", "robots of deals: only an application registers them"),
    "needs_events": (
        "события CRM: их получает приложение (или исходящий вебхук, если закрепить его токен)",
        "CRM events: an application gets them (or an outgoing webhook, when its token is pinned)",
    ),
    "needs_tabs": ("вкладки в карточках: их добавляет только приложение", "tabs in cards: only an application adds them"),
    "needs_offline_events": (
        "очередь офлайн-событий: она есть только у приложения",
        "the queue of offline events: only an application has it",
    ),
    "connect": ("Подключить портал вебхуком", "Connect a portal by a webhook"),
    "connect_lead": (
        "Создайте на портале входящий вебхук администратора с правами crm, user и documentgenerator и вставьте его адрес. "
        "Адрес хранится зашифрованным.",
        "In the portal, make an administrator's incoming webhook with the permissions crm, user and documentgenerator, and paste "
        "its address. It is kept encrypted.",
    ),
    "webhook_address": ("Адрес вебхука", "The webhook's address"),
    "connect_button": ("Подключить", "Connect"),
    "connected": (
        "Портал {url} подключён. Копия наполняется, это займёт несколько минут.",
        "The portal {url} is connected. The copy is being filled, which takes some minutes.",
    ),
    "open_pages": ("Открыть страницы", "Open the pages"),
    "link_over": (
        "Ссылка устарела. Получите новую командой flask --app wsgi portal connect-link.",
        "The link is too old. Get a new one: flask --app wsgi portal connect-link.",
    ),
    "open_details": ("Что известно о клиенте", "What is known of the client"),
}

# key: Russian one, few, many; English one, other
COUNTED: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "contacts": (("контакт", "контакта", "контактов"), ("contact", "contacts")),
    "companies": (("компания", "компании", "компаний"), ("company", "companies")),
    "deals": (("сделка", "сделки", "сделок"), ("deal", "deals")),
    "people_count": (("человек", "человека", "человек"), ("person", "people")),
    "days": (("день", "дня", "дней"), ("day", "days")),
    "clients": (("клиент", "клиента", "клиентов"), ("client", "clients")),
}


def speaker(lang: str) -> Callable[..., str]:
    """Return the function that templates call as t("key", name=value)."""
    column = LANGS.index(lang) if lang in LANGS else LANGS.index("en")

    def say(key: str, /, **values: object) -> str:
        return WORDS[key][column].format(**values)

    return say


def counted(lang: str, number: int, key: str) -> str:
    """Return "1 клиент", "3 клиента", "5 клиентов" or "3 clients"."""
    forms = COUNTED[key][LANGS.index(lang)]
    return f"{number_text(number, lang)}\N{NO-BREAK SPACE}{plural(number, forms, lang)}"
