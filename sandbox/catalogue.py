"""The text of the field catalogue; `entities.py` says how a line is read. Holds words only."""

LEAD_FIELDS = """
ID integer r | ID
TITLE string | Название лида
HONORIFIC crm_status =HONORIFIC | Обращение
NAME string | Имя
SECOND_NAME string | Отчество
LAST_NAME string | Фамилия
BIRTHDATE date | Дата рождения
COMPANY_TITLE string | Название компании
SOURCE_ID crm_status =SOURCE | Источник
SOURCE_DESCRIPTION string | Дополнительно об источнике
STATUS_ID crm_status =STATUS | Стадия
STATUS_DESCRIPTION string | Дополнительно о стадии
STATUS_SEMANTIC_ID string r | Состояние статуса
POST string | Должность
ADDRESS string o | Адрес
ADDRESS_2 string o | Адрес (стр. 2)
ADDRESS_CITY string o | Город
ADDRESS_POSTAL_CODE string o | Почтовый индекс
ADDRESS_REGION string o | Район
ADDRESS_PROVINCE string o | Область
ADDRESS_COUNTRY string o | Страна
ADDRESS_COUNTRY_CODE string o | Код страны
ADDRESS_LOC_ADDR_ID integer o | Идентификатор адреса местоположения
CURRENCY_ID crm_currency | Валюта
OPPORTUNITY double | Сумма
IS_MANUAL_OPPORTUNITY char | Режим расчета суммы
OPENED char | Доступен для всех
COMMENTS string | Комментарий
HAS_PHONE char r | Задан телефон
HAS_EMAIL char r | Задан e-mail
HAS_IMOL char r | Задана открытая линия
ASSIGNED_BY_ID user | Ответственный
CREATED_BY_ID user r | Кем создан
MODIFY_BY_ID user r | Кем изменен
MOVED_BY_ID user r | Кем перемещено
DATE_CREATE datetime r | Дата создания
DATE_MODIFY datetime r | Дата изменения
MOVED_TIME datetime r | Дата перемещения
COMPANY_ID crm_company | Компания
CONTACT_ID crm_contact d | Контакт
CONTACT_IDS crm_contact mv | Контакты
IS_RETURN_CUSTOMER char r | Повторный лид
DATE_CLOSED datetime r | Дата завершения
ORIGINATOR_ID string | Внешний источник
ORIGIN_ID string | Идентификатор элемента во внешнем источнике
UTM_SOURCE string | Рекламная система
UTM_MEDIUM string | Тип трафика
UTM_CAMPAIGN string | Обозначение рекламной кампании
UTM_CONTENT string | Содержание кампании
UTM_TERM string | Условие поиска кампании
LAST_ACTIVITY_TIME datetime r | Последняя активность
LAST_ACTIVITY_BY user r | Автор последней активности
PHONE crm_multifield m | Телефон
EMAIL crm_multifield m | E-mail
WEB crm_multifield m | Сайт
IM crm_multifield m | Мессенджер
LINK crm_multifield m | Ссылка
OBSERVER_IDS user mu | Наблюдатели
WEBFORM_ID integer ru | Создано CRM-формой
"""

DEAL_FIELDS = """
ID integer r | ID
TITLE string | Название
TYPE_ID crm_status =DEAL_TYPE | Тип
CATEGORY_ID crm_category i | Воронка
STAGE_ID crm_status =DEAL_STAGE | Стадия сделки
STAGE_SEMANTIC_ID string r | Группа стадии
IS_NEW char r | Новая сделка
IS_RECURRING char | Регулярная сделка
IS_RETURN_CUSTOMER char | Повторная сделка
IS_REPEATED_APPROACH char | Повторное обращение
PROBABILITY integer | Вероятность
CURRENCY_ID crm_currency | Валюта
OPPORTUNITY double | Сумма
IS_MANUAL_OPPORTUNITY char | Режим расчета суммы
TAX_VALUE double | Ставка налога
COMPANY_ID crm_company | Компания
CONTACT_ID crm_contact d | Контакт
CONTACT_IDS crm_contact mv | Контакты
QUOTE_ID crm_quote r | Предложение
BEGINDATE date | Дата начала
CLOSEDATE date | Дата завершения
OPENED char | Доступна для всех
CLOSED char | Закрыта
COMMENTS string | Комментарий
ASSIGNED_BY_ID user | Ответственный
CREATED_BY_ID user r | Кем создана
MODIFY_BY_ID user r | Кем изменена
MOVED_BY_ID user r | Кем перемещено
DATE_CREATE datetime r | Дата создания
DATE_MODIFY datetime r | Дата изменения
MOVED_TIME datetime r | Дата перемещения
SOURCE_ID crm_status =SOURCE | Источник
SOURCE_DESCRIPTION string | Дополнительно об источнике
LEAD_ID crm_lead r | Лид
ADDITIONAL_INFO string | Дополнительная информация
LOCATION_ID location | Местоположение
ORIGINATOR_ID string | Внешний источник
ORIGIN_ID string | Идентификатор элемента во внешнем источнике
UTM_SOURCE string | Рекламная система
UTM_MEDIUM string | Тип трафика
UTM_CAMPAIGN string | Обозначение рекламной кампании
UTM_CONTENT string | Содержание кампании
UTM_TERM string | Условие поиска кампании
LAST_ACTIVITY_TIME datetime r | Последняя активность
LAST_ACTIVITY_BY user r | Автор последней активности
OBSERVER_IDS user mu | Наблюдатели
EVENT_DATE datetime u | Дата события
EVENT_ID crm_status u =EVENT_TYPE | Тип события
EVENT_DESCRIPTION string u | Описание события
WEBFORM_ID integer ru | Создано CRM-формой
ORDER_STAGE string ru | Стадия заказа
"""

CONTACT_FIELDS = """
ID integer r | ID
HONORIFIC crm_status =HONORIFIC | Обращение
NAME string ! | Имя
SECOND_NAME string ! | Отчество
LAST_NAME string ! | Фамилия
PHOTO file | Фотография
BIRTHDATE date | Дата рождения
TYPE_ID crm_status =CONTACT_TYPE | Тип контакта
SOURCE_ID crm_status =SOURCE | Источник
SOURCE_DESCRIPTION string | Дополнительно об источнике
POST string | Должность
ADDRESS string o | Адрес
ADDRESS_2 string o | Адрес (стр. 2)
ADDRESS_CITY string o | Город
ADDRESS_POSTAL_CODE string o | Почтовый индекс
ADDRESS_REGION string o | Район
ADDRESS_PROVINCE string o | Область
ADDRESS_COUNTRY string o | Страна
ADDRESS_COUNTRY_CODE string o | Код страны
ADDRESS_LOC_ADDR_ID integer o | Идентификатор адреса местоположения
COMMENTS string | Комментарий
OPENED char | Доступен для всех
EXPORT char | Участвует в экспорте контактов
HAS_PHONE char r | Задан телефон
HAS_EMAIL char r | Задан e-mail
HAS_IMOL char r | Задана открытая линия
ASSIGNED_BY_ID user | Ответственный
CREATED_BY_ID user r | Кем создан
MODIFY_BY_ID user r | Кем изменен
DATE_CREATE datetime r | Дата создания
DATE_MODIFY datetime r | Дата изменения
COMPANY_ID crm_company d | Компания
COMPANY_IDS crm_company mv | Компании
LEAD_ID crm_lead r | Лид
ORIGINATOR_ID string | Внешний источник
ORIGIN_ID string | Идентификатор элемента во внешнем источнике
ORIGIN_VERSION string | Версия оригинала
UTM_SOURCE string | Рекламная система
UTM_MEDIUM string | Тип трафика
UTM_CAMPAIGN string | Обозначение рекламной кампании
UTM_CONTENT string | Содержание кампании
UTM_TERM string | Условие поиска кампании
LAST_ACTIVITY_TIME datetime r | Последняя активность
LAST_ACTIVITY_BY user r | Кем осуществлена последняя активность в таймлайне
PHONE crm_multifield m | Телефон
EMAIL crm_multifield m | E-mail
WEB crm_multifield m | Сайт
IM crm_multifield m | Мессенджер
LINK crm_multifield m | Ссылка
OBSERVER_IDS user mu | Наблюдатели
CATEGORY_ID crm_category u | Направление
WEBFORM_ID integer ru | Создано CRM-формой
"""

COMPANY_FIELDS = """
ID integer r | ID
TITLE string ! | Название компании
COMPANY_TYPE crm_status =COMPANY_TYPE | Тип компании
LOGO file | Логотип
ADDRESS string o | Фактический адрес
ADDRESS_2 string o | Адрес (стр. 2)
ADDRESS_CITY string o | Город
ADDRESS_POSTAL_CODE string o | Почтовый индекс
ADDRESS_REGION string o | Район
ADDRESS_PROVINCE string o | Область
ADDRESS_COUNTRY string o | Страна
ADDRESS_COUNTRY_CODE string o | Код страны
ADDRESS_LOC_ADDR_ID integer o | Идентификатор адреса местоположения
ADDRESS_LEGAL string | Юридический адрес
REG_ADDRESS string o | Юридический адрес
REG_ADDRESS_2 string o | Юридический адрес (стр. 2)
REG_ADDRESS_CITY string o | Юридический адрес город
REG_ADDRESS_POSTAL_CODE string o | Юридический адрес почтовый индекс
REG_ADDRESS_REGION string o | Юридический адрес район
REG_ADDRESS_PROVINCE string o | Юридический адрес область
REG_ADDRESS_COUNTRY string o | Юридический адрес страна
REG_ADDRESS_COUNTRY_CODE string o | Юридический адрес код страны
REG_ADDRESS_LOC_ADDR_ID integer o | Юридический адрес идентификатор адреса местоположения
BANKING_DETAILS string | Банковские реквизиты
INDUSTRY crm_status =INDUSTRY | Сфера деятельности
EMPLOYEES crm_status =EMPLOYEES | Кол-во сотрудников
CURRENCY_ID crm_currency | Валюта
REVENUE double | Годовой оборот
OPENED char | Доступна для всех
COMMENTS string | Комментарий
HAS_PHONE char r | Задан телефон
HAS_EMAIL char r | Задан e-mail
HAS_IMOL char r | Задана открытая линия
IS_MY_COMPANY char | Моя компания
ASSIGNED_BY_ID user | Ответственный
CREATED_BY_ID user r | Кем создана
MODIFY_BY_ID user r | Кем изменена
DATE_CREATE datetime r | Дата создания
DATE_MODIFY datetime r | Дата изменения
CONTACT_ID crm_contact mvo | Контакт
CONTACT_IDS crm_contact mvu | Контакты
LEAD_ID crm_lead r | Лид
ORIGINATOR_ID string | Внешний источник
ORIGIN_ID string | Идентификатор элемента во внешнем источнике
ORIGIN_VERSION string | Версия оригинала
UTM_SOURCE string | Рекламная система
UTM_MEDIUM string | Тип трафика
UTM_CAMPAIGN string | Обозначение рекламной кампании
UTM_CONTENT string | Содержание кампании
UTM_TERM string | Условие поиска кампании
LAST_ACTIVITY_TIME datetime | Последняя активность
LAST_ACTIVITY_BY user | Автор последней активности в таймлайне
LAST_COMMUNICATION_TIME string ro | Дата последней коммуникации
PHONE crm_multifield m | Телефон
EMAIL crm_multifield m | E-mail
WEB crm_multifield m | Сайт
IM crm_multifield m | Мессенджер
LINK crm_multifield m | Ссылка
OBSERVER_IDS user mu | Наблюдатели
CATEGORY_ID crm_category u | Направление
WEBFORM_ID integer ru | Создано CRM-формой
"""
