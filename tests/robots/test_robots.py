"""What each robot answers to its workflow, over a real store and a portal of a few cards."""

from __future__ import annotations

import pytest

from b24app.errors import BitrixBusy, BitrixLost
from b24app.segments.lists import make_list
from b24app.segments.membership import refresh
from robots import ROBOTS
from robots.robot import Call
from robots.run import run_call
from tests.robots.conftest import DEAL, EMPTY_DEAL, LEAD, Shop

WORKING = [robot.code for robot in ROBOTS if robot.code != "service_offer"]  # that one has a story and tests of its own
SETTINGS = {"in_segment": {"segment": "won"}, "wait_until": {"fact": "purchases", "operator": "at_least", "value": "1"}}


def settings_of(shop: Shop, code: str) -> dict[str, str]:
    """Return properties with which a robot can work."""
    if code in ("add_to_list", "remove_from_list"):
        return {"segment": make_list(shop.ctx, "Список")}
    return SETTINGS.get(code, {})


# -- all of them --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", WORKING)
def test_every_declared_value_is_returned(shop: Shop, code: str) -> None:
    """A workflow may use any of them in a condition; what is not declared would be lost."""
    robot = next(one for one in ROBOTS if one.code == code)
    shop.office.put(4, 1, title="ООО «Ромашка»")
    shop.office.put(3, 2, name="Пётр", lastName="Ёлкин")

    values = shop.answer(code, **settings_of(shop, code))

    assert set(values) == {one.code for one in robot.returns} | {"error"}
    assert values["error"] == ""


@pytest.mark.parametrize("code", WORKING)
def test_deal_deleted_meanwhile_is_said(shop: Shop, code: str) -> None:
    """The workflow, if it is still there, gets a sentence; nothing hangs."""
    values = shop.answer(code, entity_id=404, **settings_of(shop, code))

    assert values["error"] == "Этой записи больше нет."


@pytest.mark.parametrize("code", [code for code in WORKING if code != "in_segment"])
def test_record_without_a_client_is_said(shop: Shop, code: str) -> None:
    """The manager reads what to do."""
    values = shop.answer(code, entity_id=EMPTY_DEAL, **settings_of(shop, code))

    assert values["error"] == "Здесь нет клиента: выберите компанию или контакт в карточке."


@pytest.mark.parametrize("code", WORKING)
def test_preview_says_what_the_run_says(shop: Shop, code: str) -> None:
    """A preview changes nothing, in the portal or here."""
    robot = next(one for one in ROBOTS if one.code == code)
    shop.office.put(4, 1, title="ООО  «Ромашка»")
    shop.office.put(3, 2, name="ПЁТР", lastName="ЁЛКИН", fm=[("PHONE", "8 (912) 345-67-89")])
    before = (shop.store.db.conn.total_changes, str(shop.office.items), len(shop.office.todos))
    found = robot.preview(shop.ctx, Call("key", DEAL, robot.read_properties(settings_of(shop, code))))

    assert found
    assert set(found.values) == {one.code for one in robot.returns}
    assert (shop.store.db.conn.total_changes, str(shop.office.items), len(shop.office.todos)) == before or code.endswith("_list")


# -- whose record it is ---------------------------------------------------------------------------------------


def test_lead_and_smart_process_are_looked_through(shop: Shop) -> None:
    """A lead has its own contact; a smart process that the mirror does not keep is asked of the portal."""
    shop.office.put(147, 7, title="Обслуживание", companyId=1, contactIds=[], assignedById=5)

    assert shop.answer("client_numbers", "lead", LEAD)["client"] == "Новый Клиент"
    assert shop.answer("client_numbers", "dynamic_147", 7)["client"] == "ООО «Ромашка»"
    assert shop.office.calls.count("crm.item.get") == 1


def test_client_follows_the_administrators_mode(shop: Shop) -> None:
    """Where people buy, the company of the deal is nobody."""
    shop.ctx.app_store.save_setting("m1", "clients", {"mode": "contacts"})
    shop.count()

    assert shop.answer("client_numbers")["client"] == "Пётр Ёлкин"


def test_client_changed_a_moment_ago_is_asked_of_the_portal(shop: Shop) -> None:
    """The mirror knows that it lags: the newer client counts."""
    shop.save("change", entity="deal", record_id=DEAL, kind="changed", seen_at="2025-06-15", mark="m")
    shop.office.put(2, DEAL, title="Сделка", companyId=0, contactId=9, contactIds=[9])

    assert shop.answer("client_numbers")["client"] == "Новый Клиент"


def test_client_newer_than_the_mirror_is_waited_for(shop: Shop) -> None:
    """Its event is on the way; after a while the workflow is told."""
    shop.office.put(2, 300, title="Сделка", companyId=77)
    payload = shop.payload("young", "client_numbers", ("deal", 300), 0, {})
    with pytest.raises(BitrixBusy):
        run_call(shop.ctx, payload)
    shop.pass_by(minutes=5)

    run_call(shop.ctx, payload)

    assert shop.office.answers["young"]["return_values"]["error"] == "Приложение ещё не знает этого клиента."


# -- client's numbers -----------------------------------------------------------------------------------------


def test_client_numbers_are_those_of_the_card(shop: Shop) -> None:
    """Numbers as numbers, dates as dates, what is not known is empty."""
    values = shop.answer("client_numbers")

    assert (values["purchases"], values["revenue"], values["days_since_purchase"]) == (4, 4000.0, 33)
    assert (values["next_purchase"], values["overdue"], values["overdue_days"]) == ("2025-06-12", "Y", 3)
    assert values["segments"] == "С выигранными сделками"
    assert values["reason"].startswith("4 покупки, ")
    assert values["alive"] == ""


def test_newcomer_has_bought_nothing(shop: Shop) -> None:
    """No number is made up."""
    values = shop.answer("client_numbers", "lead", LEAD)

    assert (values["purchases"], values["next_purchase"], values["overdue"]) == (0, "", "N")
    assert values["reason"] == "Ещё ничего не покупал."


# -- segments -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["won", "С выигранными сделками", "с ВЫИГРАННЫМИ сделками", "Как угодно [won]"])
def test_segment_is_found_by_title_or_key(shop: Shop, name: str) -> None:
    """People type, the settings page writes both."""
    values = shop.answer("in_segment", segment=name)

    assert (values["answer"], values["is_member"], values["since"][:10]) == ("yes", "Y", "2025-06-15")
    assert values["reason"]


def test_who_is_not_in_a_segment_is_told_why(shop: Shop) -> None:
    """A no is no error."""
    values = shop.answer("in_segment", "lead", LEAD, segment="won")

    assert (values["answer"], values["is_member"], values["since"], values["error"]) == ("no", "N", "", "")
    assert shop.answer("in_segment", entity_id=EMPTY_DEAL, segment="won")["answer"] == "unknown"


@pytest.mark.parametrize(
    ("name", "words"), [("", "Выберите сегмент в настройках робота."), ("нет такого", "Нет сегмента «нет такого»: выберите его")]
)
def test_segment_that_is_not_there_is_said(shop: Shop, name: str, words: str) -> None:
    """The sentence says where to mend it."""
    assert shop.answer("in_segment", segment=name)["error"].startswith(words)


def test_client_is_put_on_a_list_once_and_taken_off(shop: Shop) -> None:
    """The segment shows it at once; again nothing changes."""
    key = make_list(shop.ctx, "Приглашённые")
    refresh(shop.ctx)

    added = [shop.answer("add_to_list", segment="приглашённые") for _ in range(2)]
    standing = shop.answer("in_segment", segment=key)
    removed = [shop.answer("remove_from_list", segment="Приглашённые") for _ in range(2)]

    assert [(one["changed"], one["members"]) for one in added] == [("Y", 1), ("N", 1)]
    assert standing["is_member"] == "Y"
    assert [(one["changed"], one["members"]) for one in removed] == [("Y", 0), ("N", 0)]


def test_segment_with_a_rule_is_no_list(shop: Shop) -> None:
    """It keeps itself up: nobody is put into it."""
    assert "собирается по правилу сам" in shop.answer("add_to_list", segment="won")["error"]


# -- what to offer --------------------------------------------------------------------------------------------


def test_product_that_is_due_is_offered_with_the_reason(shop: Shop) -> None:
    """Coffee every thirty days, last bought thirty-three days ago."""
    values = shop.answer("next_offer")

    assert (values["found"], values["product"], values["kind"], values["due"]) == ("Y", "Кофе", "replacement", "2025-06-12")
    assert values["reason"] == "«Кофе» берёт примерно раз в 30 дн.; последний раз — 13.05.2025, 33 дня назад."


def test_nothing_is_said_when_nothing_speaks_for_it(shop: Shop) -> None:
    """Silence is an answer; what the deal has already is not offered again."""
    shop.save("product_row", id=900, owner_type="D", owner_id=DEAL, product_id=7, product_name="Кофе", type=1)

    assert shop.answer("next_offer")["found"] == "N"
    assert shop.answer("next_offer", "lead", LEAD)["found"] == "N"
    assert shop.answer("next_offer", kind="together")["product"] == ""


# -- planned touches ------------------------------------------------------------------------------------------


def test_touch_is_planned_once_for_a_reason(shop: Shop) -> None:
    """Sunday: the to-do is on Monday at ten, for whoever is responsible; the stage entered twice makes no second one."""
    first, second = shop.answer("plan_touch"), shop.answer("plan_touch", lead="5")

    (todo,) = shop.office.todos
    assert (first["planned"], first["is_new"], first["deadline"]) == ("Y", "Y", "2025-06-16T10:00:00+03:00")
    assert (second["planned"], second["is_new"], second["todo_id"]) == ("Y", "N", first["todo_id"])
    assert (todo["responsibleId"], todo["ownerTypeId"], todo["ownerId"]) == (5, 2, DEAL)
    assert todo["title"] == "Пора покупать: связаться с клиентом: ООО «Ромашка»"
    assert "12.06.2025, 3 дня назад" in todo["description"]


def test_todo_with_a_lost_answer_is_found_not_made_again(shop: Shop) -> None:
    """It was written down before it was asked for."""
    shop.office.losing.add("crm.activity.todo.add")
    payload = shop.payload("lost", "plan_touch", ("deal", DEAL), 0, {})
    with pytest.raises(BitrixLost):
        run_call(shop.ctx, payload)

    run_call(shop.ctx, payload)

    assert len(shop.office.todos) == 1
    assert shop.office.answers["lost"]["return_values"]["todo_id"] == 1


def test_next_purchase_is_a_new_reason(shop: Shop) -> None:
    """The anchor is the last purchase: after the next one there is something to plan again."""
    shop.answer("plan_touch")
    shop.deal(5, company=1, won="2025-06-15")
    shop.count()

    values = shop.answer("plan_touch", responsible="user_8", note="Взять образцы")

    assert (values["is_new"], values["deadline"][:10]) == ("Y", "2025-06-23")  # the window opens on Sunday
    assert (shop.office.todos[1]["responsibleId"], shop.office.todos[1]["description"].splitlines()[-1]) == (8, "Взять образцы")


def test_no_reason_no_todo(shop: Shop) -> None:
    """Who has bought nothing is left alone."""
    values = shop.answer("plan_touch", "lead", LEAD)

    assert (values["planned"], shop.office.todos) == ("N", [])


# -- cards in order -------------------------------------------------------------------------------------------


def test_cards_are_put_in_order_once(shop: Shop) -> None:
    """Only what changes is written; the second run finds only what a person has to decide."""
    shop.office.put(4, 1, title="ООО  «Ромашка» ")
    phones = [("PHONE", "8 (912) 345-67-89"), ("PHONE", "+7 912 345 67 89"), ("EMAIL", " Petr@Mail.RU"), ("PHONE", "12-34")]
    shop.office.put(3, 2, name="ПЁТР", lastName="ёлкин-палкин", secondName="МакКлауд", fm=phones)

    first, second = shop.answer("normalise_contacts"), shop.answer("normalise_contacts")

    card = shop.office.items[3, 2]
    assert (first["found"], first["mended"], first["left"]) == (7, 6, 1)
    assert (card["name"], card["lastName"], card["secondName"]) == ("Пётр", "Ёлкин-Палкин", "МакКлауд")
    assert [entry["value"] for entry in card["fm"]] == ["+79123456789", "petr@mail.ru", "12-34"]
    assert shop.office.items[4, 1]["title"] == "ООО «Ромашка»"
    assert (second["found"], second["mended"]) == (1, 0)
    assert shop.office.calls.count("crm.item.update") == 2


def test_duplicates_are_found_with_the_reasons(shop: Shop) -> None:
    """The same phone written otherwise is sure, the same name with ё as е is not; the link leads to merging."""
    shop.communication("contact", 2, "PHONE", "8 (912) 345-67-89")
    shop.contact(20, name="П.", last_name="Елкин")
    shop.communication("contact", 20, "PHONE", "+7 912 345 67 89")
    shop.contact(21, name="ПЕТР", last_name="елкин")
    shop.company(22, title="Ромашка, ООО")

    values = shop.answer("find_duplicates")

    assert (values["found"], values["count"], values["sure"]) == ("Y", 3, 1)
    assert values["cards"] == "C_20, CO_22, C_21"
    assert values["report"].splitlines()[0] == "Елкин П. (C_20): тот же телефон"
    assert values["link"] == "https://example.bitrix24.ru/crm/contact/merge/?id=2,20,21"


def test_no_duplicates_no_link(shop: Shop) -> None:
    """Nothing found is an answer."""
    values = shop.answer("find_duplicates", "lead", LEAD)

    assert (values["found"], values["count"], values["link"], values["error"]) == ("N", 0, "", "")
