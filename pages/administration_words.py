"""What the pages of administration say, in Russian and English: rights, journal, personal data, leaving."""

from __future__ import annotations

from collections.abc import Mapping

Texts = Mapping[str, str]

# What a line of the journal is about: its kind, or its kind and what exactly.
WHAT: Mapping[str, Texts] = {
    "setting": {"ru": "Настройка", "en": "Setting"},
    "setting.roles": {"ru": "Права", "en": "Rights"},
    "segment": {"ru": "Сегмент", "en": "Segment"},
    "portal": {"ru": "Установка", "en": "Installation"},
    "portal.installed": {"ru": "Приложение установлено", "en": "The app was installed"},
    "portal.finished": {"ru": "Установка завершена", "en": "The installation was finished"},
    "portal.uninstalled": {"ru": "Приложение удалено с портала", "en": "The app was removed from the portal"},
    "portal.renewed": {"ru": "Доступ к порталу возобновлён", "en": "Access to the portal was renewed"},
    "portal.lost": {"ru": "Доступ к порталу потерян", "en": "Access to the portal was lost"},
    "portal.left": {"ru": "Всё созданное на портале удаляется", "en": "All that was made in the portal is being removed"},
    "export": {"ru": "Выгрузка в файл", "en": "Export to a file"},
    "contacts": {"ru": "Показаны контакты клиента", "en": "A client's contacts were shown"},
    "list": {"ru": "Состав списка", "en": "Who is on a list"},
    "person": {"ru": "Персональные данные", "en": "Personal data"},
}

# Settings and their parts by the name under which they are kept.
SETTINGS: Mapping[str, Texts] = {
    "roles": {"ru": "", "en": ""},
    "others": {"ru": "Все остальные", "en": "Everybody else"},
    "manner": {"ru": "Щадящий режим", "en": "Gentle hours"},
    "clients": {"ru": "Клиенты и показатели", "en": "Clients and their numbers"},
    "work_week": {"ru": "Рабочее время для касаний", "en": "Working hours for touches"},
    "write_back": {"ru": "Запись в карточки", "en": "Writing into cards"},
    "retention": {"ru": "Сроки хранения", "en": "How long journals are kept"},
    "outgoing_tokens": {"ru": "Исходящие вебхуки", "en": "Outgoing webhooks"},
    "title.ru": {"ru": "название", "en": "title, Russian"},
    "title.en": {"ru": "название, английское", "en": "title"},
    "purpose.ru": {"ru": "назначение", "en": "purpose, Russian"},
    "purpose.en": {"ru": "назначение, английское", "en": "purpose"},
    "unknown_means": {"ru": "неизвестно означает", "en": "unknown means"},
}

WORDS: Mapping[str, tuple[str, str]] = {
    "administration": ("Администрирование", "Administration"),
    "rights": ("Права", "Rights"),
    "rights_lead": (
        "Роль следует из сотрудников и подразделений портала и из того, что выбрано здесь. Изменения действуют сразу.",
        "A role follows from the portal's people and departments and from what is chosen here. Changes hold at once.",
    ),
    "rights_others": ("Все, для кого ничего не выбрано", "Everybody for whom nothing is chosen"),
    "rights_as_above": ("как у вышестоящего", "as the one above"),
    "rights_by_department": ("по подразделению", "by department"),
    "departments": ("Подразделения", "Departments"),
    "departments_lead": (
        "Выбор действует на сотрудников подразделения и всех ниже. Руководитель видит клиентов своих людей.",
        "A choice holds for the department's people and all below. A head sees the clients of his people.",
    ),
    "department": ("Подразделение", "Department"),
    "head": ("Руководитель", "Head"),
    "heads": ("руководит: {people}", "heads {people}"),
    "role": ("Роль", "Role"),
    "role_now": ("Сейчас", "Now"),
    "role_chosen": ("Выбрано", "Chosen"),
    "people": ("Сотрудники", "People"),
    "people_search": ("Имя или должность", "Name or position"),
    "people_more": ("Показано {shown} из {found}: остальных найдите по имени", "Shown {shown} of {found}: find the others by name"),
    "person": ("Сотрудник", "Person"),
    "dismissed": ("уволен", "dismissed"),
    "journal": ("Журнал", "Journal"),
    "journal_lead": (
        "Кто и что решил о приложении: правила, права, настройки, выгрузки, показ контактов, установка.",
        "Who decided what about the app: rules, rights, settings, exports, contacts shown, installation.",
    ),
    "journal_empty": ("Записей нет", "No lines"),
    "journal_when": ("Когда", "When"),
    "journal_who": ("Кто", "Who"),
    "journal_what": ("Что", "What"),
    "journal_all": ("всё", "all"),
    "journal_everybody": ("все", "everybody"),
    "journal_nothing": ("не было", "nothing"),
    "journal_gone": ("убрано", "taken away"),
    "journal_rule": ("правило", "rule"),
    "kept": ("Сроки хранения", "How long journals are kept"),
    "kept_lead": (
        "Записи старше удаляются раз в сутки. Копия базы хранится, пока запись есть на портале.",
        "Older lines are removed once a day. The copy of a record is kept as long as the portal has it.",
    ),
    "kept_days": ("{title}, дней", "{title}, days"),
    "kept_saved": ("Сроки сохранены", "Saved"),
    "persons": ("Персональные данные", "Personal data"),
    "persons_lead": (
        "Что приложение хранит о человеке, как это выгрузить и стереть; из каких полей берётся согласие.",
        "What the app holds of a person, how to take it out and erase it; which fields hold consents.",
    ),
    "persons_search": ("Имя, телефон, почта или C_12", "Name, phone, e-mail or C_12"),
    "persons_find": ("Найти человека", "Find a person"),
    "persons_held": ("Хранится", "Held"),
    "persons_export": ("Выгрузить всё", "Export all"),
    "persons_erase": ("Стереть следы", "Erase traces"),
    "persons_erase_lead": (
        "Стираются членства в сегментах, строки списков и личные поля журналов. Сама карточка и её копия исчезнут, "
        "когда карточку удалят в Битрикс24.",
        "Memberships, lines of lists and personal fields of journals are erased. The card itself and its copy go when the card is "
        "deleted in Bitrix24.",
    ),
    "persons_ordered": ("{key}: стирание заказано, это займёт несколько секунд", "{key}: the erasure is ordered, it takes some seconds"),
    "persons_erased": ("Стёртое", "Erased"),
    "persons_erased_lead": (
        "Карточки, удалённые на портале или названные здесь. Номер карточки не говорит о человеке ничего.",
        "Cards that were deleted in the portal or named here. A card's number says nothing of the person.",
    ),
    "persons_erased_none": ("Ещё никого не стирали", "Nobody has been erased yet"),
    "persons_rows": ("строк", "rows"),
    "persons_contacts": ("Контакты и компании", "Contacts and companies"),
    "consents": ("Согласия", "Consents"),
    "consents_lead": (
        "Согласия хранит CRM. Укажите, в каких полях; канал без своего поля берёт общее из настроек клиентов.",
        "Consents are kept in CRM. Say in which fields; a channel without its own goes by the general one of the clients' settings.",
    ),
    "consents_saved": ("Поля сохранены", "The fields are saved"),
    "channel": ("Канал", "Channel"),
    "not_chosen": ("не выбрано", "not chosen"),
    "yes": ("да", "yes"),
    "no": ("нет", "no"),
    "not_known": ("неизвестно", "not known"),
    "masked": ("Контакты скрыты: за клиента отвечаете не вы.", "Contacts are hidden: you are not responsible for this client."),
    "unmask": ("Показать контакты", "Show contacts"),
    "unmask_hint": ("Показ попадёт в журнал", "It will be written into the journal"),
    "leaving": ("Доступ и удаление", "Access and removal"),
    "leaving_lead": (
        "Доступ приложения к порталу, что приложение создало на портале и как это убрать перед удалением.",
        "The app's access to the portal, what it has made there, and how to take that away before removing the app.",
    ),
    "access": ("Доступ к порталу", "Access to the portal"),
    "access_of": ("Приложение работает от имени: {name}", "The app works on behalf of {name}"),
    "access_good": ("Доступ есть", "Access is given"),
    "access_bad": (
        "Доступа нет: всё, что присылает портал, сохраняется и ждёт.",
        "There is no access: all that the portal sends is kept and waits.",
    ),
    "access_renew": ("Возобновить доступ", "Renew access"),
    "access_renew_lead": (
        "Нужно, если сотрудник, от имени которого работает приложение, уволен, или доступ отозван. Портал откроется в новой вкладке.",
        "Needed when the person on whose behalf the app works has left, or access was revoked. The portal opens in a new tab.",
    ),
    "access_by_webhook": (
        "Портал подключён вебхуком: доступ меняют, создав новый вебхук.",
        "Connected by a webhook: make a new one to change it.",
    ),
    "access_renewed": ("Доступ возобновлён. Эту вкладку можно закрыть.", "Access is renewed. You may close this tab."),
    "access_not_renewed": (
        "Доступ не возобновлён: ссылка устарела или вы не администратор этого портала. Начните снова из приложения.",
        "Access was not renewed: the link is too old, or you are no administrator of this portal. Begin again in the app.",
    ),
    "made": ("Создано на портале", "Made in the portal"),
    "made_lead": (
        "Кнопка уберёт всё это и остановит обновление копии. После неё удалите приложение в Битрикс24; «удалить данные» сотрёт и копию.",
        "The button takes all of this away and stops keeping the copy up. Then remove the app in Bitrix24; “delete data” erases the "
        "copy, too.",
    ),
    "made_nothing": ("На портале ничего нашего нет", "Nothing of ours is in the portal"),
    "made_unknown": ("Портал сейчас не отвечает, список неизвестен.", "The portal does not answer now; the list is not known."),
    "made_robots": ("Роботы", "Robots"),
    "made_placements": ("Вкладки в карточках", "Tabs in cards"),
    "made_events": ("События", "Events"),
    "made_fields": ("Поля контактов и компаний с их значениями", "Fields of contacts and companies, with their values"),
    "made_templates": ("Шаблоны документов", "Document templates"),
    "made_stays": (
        "Останутся готовые документы, комментарии и дела: это история сделок.",
        "Finished documents, comments and activities stay: they are the history of deals.",
    ),
    "leave": ("Убрать всё с портала", "Remove all from the portal"),
    "leave_sure": ("Да, я понимаю: роботы в сделках перестанут работать", "Yes, I understand: robots in deals will stop working"),
    "leave_ordered": ("Убираем. Обновите страницу через минуту.", "Being removed. Reload the page in a minute."),
    "left_already": (
        "Всё убрано, копия не обновляется. Удалите приложение в Битрикс24 или зарегистрируйте его снова.",
        "All is removed, the copy is not kept up. Remove the app in Bitrix24, or register it again.",
    ),
    "come_back": ("Зарегистрировать снова", "Register again"),
}
