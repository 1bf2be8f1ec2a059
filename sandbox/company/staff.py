"""The dealer's own side: departments, employees and the requisites that its documents carry. Data only."""

from __future__ import annotations

from typing import NamedTuple

from sandbox.company.days import DAY, PAST, Days
from sandbox.company.record import Record

DEPARTMENTS = (  # id, parent, head, name
    (1, None, 1, "Кофе и кухня"),
    (2, 1, 2, "Отдел продаж"),
    (3, 1, 6, "Сервисный центр"),
    (4, 1, 9, "Маркетинг"),
)


class Employee(NamedTuple):
    """One user of the portal; `work` says which clients or deals fall to him."""

    id: int
    name: str
    second_name: str
    last_name: str
    gender: str
    position: str
    department: int
    work: str


EMPLOYEES = (
    Employee(1, "Вера", "Павловна", "Заречная", "F", "Директор", 1, ""),
    Employee(2, "Константин", "Юрьевич", "Рощин", "M", "Руководитель отдела продаж", 2, "sales"),
    Employee(3, "Алёна", "Игоревна", "Малинина", "F", "Менеджер по продажам", 2, "sales"),
    Employee(4, "Тимофей", "Олегович", "Снегирёв", "M", "Менеджер по продажам", 2, "sales"),
    Employee(5, "Марина", "Викторовна", "Чижова", "F", "Менеджер по продажам", 2, "sales"),
    Employee(6, "Григорий", "Семёнович", "Дубровский", "M", "Руководитель сервисного центра", 3, "service"),
    Employee(7, "Степан", "Ярославович", "Ершов", "M", "Сервисный инженер", 3, "service"),
    Employee(8, "Лидия", "Андреевна", "Ясенева", "F", "Менеджер по ключевым клиентам", 2, "wholesale"),
    Employee(9, "Полина", "Романовна", "Цветкова", "F", "Маркетолог", 4, ""),
)
ADMIN = 1
SELLERS = tuple(person.id for person in EMPLOYEES if person.work == "sales")
SERVICE_STAFF = tuple(person.id for person in EMPLOYEES if person.work == "service")
WHOLESALE_SELLER = next(person.id for person in EMPLOYEES if person.work == "wholesale")

# Under the names that documents ask for: MyCompanyRequisiteRqInn is REQUISITE_RQ_INN.
MY_COMPANY: Record = {
    "ID": 1,
    "TITLE": "Кофе и кухня",
    "PHONE": [{"VALUE": "+7 900 099-99-99", "VALUE_TYPE": "WORK"}],
    "EMAIL": [{"VALUE": "office@example.com", "VALUE_TYPE": "WORK"}],
    "WEB": [{"VALUE": "https://example.com", "VALUE_TYPE": "WORK"}],
    "REQUISITE_RQ_COMPANY_NAME": "ООО «Кофе и кухня»",
    "REQUISITE_RQ_COMPANY_FULL_NAME": "Общество с ограниченной ответственностью «Кофе и кухня»",
    "REQUISITE_RQ_INN": "7700000000",
    "REQUISITE_RQ_KPP": "770001001",
    "REQUISITE_RQ_OGRN": "1207700000000",
    "REQUISITE_RQ_DIRECTOR": "Заречная Вера Павловна",
    "REQUISITE_REGISTERED_ADDRESS_TEXT": "101000, Москва, ул. Кофейная, д. 7, офис 12",
    "BANK_DETAIL_RQ_BANK_NAME": "АО «Пример Банк»",
    "BANK_DETAIL_RQ_BIK": "044500000",
    "BANK_DETAIL_RQ_ACC_NUM": "40702810000000000000",
    "BANK_DETAIL_RQ_COR_ACC_NUM": "30101810000000000000",
    "UF_LOGO": None,
}


def list_departments() -> list[Record]:
    return [{"ID": id_, "NAME": name, "SORT": 500, "PARENT": parent, "UF_HEAD": head} for id_, parent, head, name in DEPARTMENTS]


def list_users(days: Days) -> list[Record]:
    return [_user(person, days) for person in EMPLOYEES]


def _user(person: Employee, days: Days) -> Record:
    yesterday = (PAST - 1) * DAY + 600
    return {
        "ID": person.id,
        "ACTIVE": True,
        "NAME": person.name,
        "LAST_NAME": person.last_name,
        "SECOND_NAME": person.second_name,
        "EMAIL": f"user{person.id}@example.com",
        "LAST_LOGIN": days.moment(yesterday + person.id * 7),
        "DATE_REGISTER": days.moment(540 + person.id),
        "IS_ONLINE": "N",
        "TIME_ZONE": "Europe/Moscow",
        "PERSONAL_GENDER": person.gender,
        "PERSONAL_CITY": "Москва",
        "PERSONAL_MOBILE": f"+7 900 099-00-{person.id:02d}",
        "WORK_POSITION": person.position,
        "UF_DEPARTMENT": [person.department],
        "USER_TYPE": "employee",
        "IS_ADMIN": person.id == ADMIN,
    }
