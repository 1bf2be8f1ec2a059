"""What the portal's own fields are called, and which dictionary names their values. Declarations only.

A system field without a title here is technical: rules may ask of it, the builder does not offer it.
"""

from __future__ import annotations

from collections.abc import Mapping

ENTITY_TITLES: Mapping[str, Mapping[str, str]] = {
    "client": {"ru": "Клиент", "en": "Client"},
    "contact": {"ru": "Контакт", "en": "Contact"},
    "company": {"ru": "Компания", "en": "Company"},
    "lead": {"ru": "Лид", "en": "Lead"},
    "deal": {"ru": "Сделка", "en": "Deal"},
}

# Column of the mirror: Russian, English.
TITLES: Mapping[str, tuple[str, str]] = {
    "id": ("ID", "ID"),
    "title": ("Название", "Title"),
    "honorific": ("Обращение", "Salutation"),
    "name": ("Имя", "First name"),
    "second_name": ("Отчество", "Middle name"),
    "last_name": ("Фамилия", "Last name"),
    "birthdate": ("Дата рождения", "Date of birth"),
    "post": ("Должность", "Position"),
    "comments": ("Комментарий", "Comment"),
    "source_id": ("Источник", "Source"),
    "source_description": ("Об источнике", "Source details"),
    "utm_source": ("UTM Source", "UTM source"),
    "utm_medium": ("UTM Medium", "UTM medium"),
    "utm_campaign": ("UTM Campaign", "UTM campaign"),
    "utm_content": ("UTM Content", "UTM content"),
    "utm_term": ("UTM Term", "UTM term"),
    "opened": ("Доступна всем", "Available to everyone"),
    "assigned_by_id": ("Ответственный", "Responsible"),
    "created_by": ("Кем создана карточка", "Created by"),
    "updated_by": ("Кем изменена карточка", "Changed by"),
    "created_time": ("Дата создания", "Created on"),
    "updated_time": ("Дата изменения", "Changed on"),
    "last_activity_time": ("Последняя активность", "Last activity"),
    "has_phone": ("Есть телефон", "Has a phone"),
    "has_email": ("Есть почта", "Has an e-mail"),
    "has_imol": ("Есть открытая линия", "Has an open channel"),
    "type_id": ("Тип", "Type"),
    "category_id": ("Направление", "Pipeline"),
    "export": ("Участвует в экспорте", "Included in export"),
    "industry": ("Сфера деятельности", "Industry"),
    "employees": ("Сотрудников", "Employees"),
    "address_legal": ("Юридический адрес", "Legal address"),
    "banking_details": ("Банковские реквизиты", "Bank details"),
    "revenue": ("Годовой оборот", "Annual income"),
    "currency_id": ("Валюта", "Currency"),
    "company_title": ("Название компании", "Company name"),
    "status_description": ("О статусе", "Status details"),
    "date_closed": ("Дата завершения", "Closed on"),
    "stage_id": ("Стадия", "Stage"),
    "stage_semantic_id": ("Состояние", "State"),
    "moved_time": ("Дата смены стадии", "Stage changed on"),
    "opportunity": ("Сумма", "Amount"),
    "is_manual_opportunity": ("Сумма введена вручную", "Amount entered by hand"),
    "is_return_customer": ("Повторный клиент", "Returning customer"),
    "is_repeated_approach": ("Повторное обращение", "Repeated approach"),
    "is_recurring": ("Шаблон регулярной сделки", "Template of a recurring deal"),
    "is_my_company": ("Реквизиты своей компании", "Own company"),
    "closed": ("Завершена", "Closed"),
    "probability": ("Вероятность, %", "Probability, %"),
    "tax_value": ("Сумма налога", "Tax"),
    "begindate": ("Дата начала", "Start date"),
    "closedate": ("Дата завершения", "Closing date"),
    "additional_info": ("Дополнительно", "Additional details"),
}

# (entity, column): the kind in the mirror's table `dictionary`.
DICTIONARIES: Mapping[tuple[str, str], str] = {
    ("contact", "type_id"): "CONTACT_TYPE",
    ("company", "type_id"): "COMPANY_TYPE",
    ("deal", "type_id"): "DEAL_TYPE",
    ("company", "industry"): "INDUSTRY",
    ("company", "employees"): "EMPLOYEES",
    **{(entity, "source_id"): "SOURCE" for entity in ("contact", "company", "lead", "deal")},
    **{(entity, "honorific"): "HONORIFIC" for entity in ("contact", "lead")},
}
PEOPLE = ("assigned_by_id", "created_by", "updated_by", "moved_by", "last_activity_by")
STATES: Mapping[str, Mapping[str, str]] = {
    "S": {"ru": "успех", "en": "won"},
    "F": {"ru": "провал", "en": "lost"},
    "P": {"ru": "в работе", "en": "in progress"},
}
