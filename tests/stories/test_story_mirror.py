"""What changes in the portal changes in the mirror, until both are equal again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stories.equality import assert_equal, find_differences
from tests.stories.town import COMPANY, CONTACT, DEAL, LEAD, Town


def phone(number: str) -> list[dict[str, str]]:
    """Return a phone as the universal API takes it."""
    return [{"typeId": "PHONE", "valueType": "WORK", "value": number}]


def change_contact(town: Town) -> None:
    """A contact is added, gets another name and another phone; a second one is deleted."""
    first = town.add(CONTACT, name="Алёна", lastName="Событийная", fm=phone("+79000000001"))
    second = town.add(CONTACT, name="Лишняя")
    [known] = town.call("crm.item.get", entityTypeId=CONTACT, id=first)["item"]["fm"]
    town.update(CONTACT, first, lastName="Иная", fm=[{**known, "value": "+79000000002"}])
    town.delete(CONTACT, second)


def change_company(town: Town) -> None:
    """A company is added and renamed; a second one is deleted."""
    first, second = town.add(COMPANY, title="ООО «Событие»"), town.add(COMPANY, title="ООО «Лишнее»")
    town.update(COMPANY, first, title="АО «Событие»", comments="Переименована", UF_CRM_MEMBERSHIP_END="2031-02-28")
    town.delete(COMPANY, second)


def change_lead(town: Town) -> None:
    """A lead is added, qualified and another one deleted."""
    first, second = town.add(LEAD, title="Заявка с сайта", name="Пётр"), town.add(LEAD, title="Спам")
    town.update(LEAD, first, stageId="IN_PROCESS")
    town.delete(LEAD, second)


def change_deal(town: Town) -> None:
    """A deal is added for a client, won; another one is deleted."""
    client = town.add(CONTACT, name="Покупатель")
    first, second = town.add(DEAL, title="Кофемашина", contactId=client, opportunity=1000.5), town.add(DEAL, title="Ошибка")
    town.update(DEAL, first, stageId="WON")
    town.delete(DEAL, second)


def change_product_rows(town: Town) -> None:
    """A deal's rows are set, then set anew: one changed, one gone, one new. No event of their own tells of rows."""
    deal = town.add(DEAL, title="С товарами")
    town.set_rows(deal, {"productName": "Зерно", "price": 1200, "quantity": 3}, {"productName": "Фильтр", "price": 90.5, "quantity": 10})
    town.set_rows(deal, {"productName": "Зерно", "price": 1100, "quantity": 4}, {"productName": "Чистка", "price": 2500, "quantity": 1})


def move_to_another_pipeline(town: Town) -> None:
    """A deal moves to the pipeline of the service department; the portal tells of that by another event."""
    deal = town.add(DEAL, title="В сервис")
    town.update(DEAL, deal, categoryId=1, stageId="C1:PREPARATION")


def add_user_field(town: Town) -> None:
    """The portal gets a field that nobody knew of, and a deal a value in it."""
    town.call("crm.deal.userfield.add", fields={"FIELD_NAME": "STORY", "USER_TYPE_ID": "string", "LABEL": "История"})
    deal = town.add(DEAL, title="С новым полем", UF_CRM_STORY="рассказана")
    field = "SELECT 1 AS there FROM user_field WHERE entity = 'deal' AND name = 'UF_CRM_STORY'"
    town.wait("the new field is known", lambda: town.rows(field))
    value = "SELECT 1 AS there FROM deal WHERE id = ? AND uf_crm_story = 'рассказана'"
    town.wait("its value is there", lambda: town.rows(value, deal))


def move_to_another_company(town: Town) -> None:
    """A contact leaves one company for another, and then has two."""
    old, new = town.add(COMPANY, title="Старое место"), town.add(COMPANY, title="Новое место")
    person = town.add(CONTACT, name="Перебежчик", companyIds=[old])
    town.update(CONTACT, person, companyIds=[new])
    town.update(CONTACT, person, companyIds=[new, old])


CHANGES: tuple[Callable[[Town], None], ...] = (
    change_contact,
    change_company,
    change_lead,
    change_deal,
    change_product_rows,
    move_to_another_pipeline,
    add_user_field,
    move_to_another_company,
)


def test_mirror_equals_the_portal_after_the_first_load(town: Town) -> None:
    """Every value of every record is there."""
    assert_equal(town)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_change_in_the_portal_changes_the_mirror(town: Town, change: Callable[[Town], None]) -> None:
    """An event tells of it; nothing else is needed for both sides to become equal."""
    change(town)
    assert_equal(town)


def test_same_event_twice_and_in_the_wrong_order_changes_nothing(town: Town) -> None:
    """An event only says where to look: told late, twice or backwards, the mirror stays what the portal is."""
    living, gone = town.add(CONTACT, name="Живой"), town.add(CONTACT, name="Ушедший")
    town.update(CONTACT, living, name="Живой и здоровый")
    town.delete(CONTACT, gone)
    assert_equal(town)

    numbers = [f"%5BID%5D={number}&" for number in (living, gone)]
    told = [letter for letter in town.letters(KIND="event") if any(number in letter["BODY"] + "&" for number in numbers)]
    assert [letter["NAME"] for letter in told].count("ONCRMCONTACTADD") == 2
    for letter in [*told, *reversed(told), *told]:  # newest first, then oldest first
        assert town.post("/events", letter["BODY"]).status_code == 200
    town.wait("all of them are worked on", lambda: not town.rows("SELECT * FROM change"))
    assert find_differences(town) == []


def test_hundred_changes_at_once_arrive(town: Town) -> None:
    """A mass change by the portal's own import: more events than threads, and not one of them is missed."""
    commands = {f"c{number}": f"crm.contact.add?fields[NAME]=Толпа&fields[LAST_NAME]={number}" for number in range(50)}
    for _ in range(2):
        town.call("batch", halt=0, cmd=commands)
    assert_equal(town)
    assert town.rows("SELECT COUNT(*) AS number FROM contact WHERE name = 'Толпа'") == [{"number": 100}]
