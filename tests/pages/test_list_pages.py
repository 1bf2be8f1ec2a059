"""Static lists on pages, exports by signed addresses, a segment's history, hygiene in the list of segments."""

from __future__ import annotations

import gc
import io
import re
import warnings
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook

from b24app.app import KINDS
from b24app.portals.session import Session
from b24app.segments.definitions import load_all
from b24app.segments.history import USED
from b24app.segments.membership import refresh


def work(shop: Any) -> None:
    """Let the worker do what the pages have ordered."""
    for command in shop.commands():
        KINDS[command["name"]].run(shop.ctx, {key: value for key, value in command.items() if key != "name"})


def make_list(shop: Any, text: str, **files: Any) -> str:
    """Make a list and let it be imported; return its key."""
    shop.ask("/lists", {"title": "Выставка", "text": text, **files})
    work(shop)
    return next(one.key for one in load_all(shop.ctx) if one.list_key)


@pytest.fixture
def reachable(shop: Any) -> Any:
    """The clients have phones and addresses; two share one."""
    shop.communication("company", 1, "EMAIL", "Info@Romashka.ru")
    shop.communication("contact", 2, "PHONE", "8 (916) 123-45-67")
    shop.communication("contact", 2, "EMAIL", "shared@mail.ru")
    shop.communication("contact", 3, "EMAIL", "SHARED@mail.ru")
    shop.update()
    return shop


def test_typed_list_becomes_a_segment_with_a_report(reachable: Any) -> None:
    """Matched are in; several, none, invalid and repeated are told, line by line."""
    key = make_list(reachable, "info@romashka.ru;\n;+79161234567\nshared@mail.ru\nno@body.ru;\nпросто текст\nINFO@romashka.ru")
    page = reachable.ask(f"/segments/{key}/list").text

    assert dict(re.findall(r'data-found="(\w+)">(\d+)<', page)) == {
        "matched": "2",
        "several": "1",
        "nobody": "1",
        "invalid": "1",
        "repeated": "1",
    }
    assert {row["client_key"] for row in reachable.store.rows("SELECT client_key FROM membership WHERE segment_key = ?", (key,))} == {
        "CO_1",
        "C_2",
    }
    assert "Добавлен в список." in reachable.ask(f"/segments/{key}").words


def test_import_twice_is_once(reachable: Any) -> None:
    """A job that is done again after a crash adds nobody and reports once."""
    key = make_list(reachable, "info@romashka.ru")
    work(reachable)

    assert len(reachable.store.rows("SELECT * FROM list_import WHERE list_key = ?", (key,))) == 1


def test_uploaded_file_is_read(reachable: Any) -> None:
    """CSV with headers, in the encoding of a Russian spreadsheet."""
    body = "Имя;Телефон\nПётр;8-916-123-45-67\n".encode("cp1251")
    key = make_list(reachable, "", file=(io.BytesIO(body), "лист.csv"))

    assert "Ёлкин" in reachable.ask(f"/segments/{key}").words


def test_client_is_put_on_and_taken_off_by_hand(reachable: Any) -> None:
    """The worker writes; the member comes and goes."""
    key = make_list(reachable, "info@romashka.ru")
    reachable.ask(f"/segments/{key}/list/change", {"client": "C_3", "put": "1"})
    work(reachable)
    assert "/clients/C_3" in reachable.ask(f"/segments/{key}").text
    reachable.ask(f"/segments/{key}/list/change", {"client": "C_3"})
    work(reachable)

    assert "/clients/C_3" not in reachable.ask(f"/segments/{key}").text
    assert reachable.ask(f"/segments/{key}/list/change", {"client": "C_99", "put": "1"}).status_code == 422


def test_frozen_segment_keeps_its_people(reachable: Any) -> None:
    """The list stays when the segment it was made of moves on."""
    reachable.ask("/segments/won/freeze", {})
    work(reachable)
    key = next(one.key for one in load_all(reachable.ctx) if one.list_key)
    reachable.delete("deal", 3)
    reachable.count()

    assert "/clients/C_2" not in reachable.ask("/segments/won").text
    assert "/clients/C_2" in reachable.ask(f"/segments/{key}").text


@pytest.mark.parametrize(
    ("form", "status"), [({"title": "x"}, 422), ({"title": "", "text": "a@b.ru"}, 422), ({"title": "x", "text": "a@b.ru\n" * 20_001}, 422)]
)
def test_list_that_cannot_be_taken_is_a_sentence(shop: Any, form: dict[str, str], status: int) -> None:
    """Nothing to import, no name, too much."""
    assert shop.ask("/lists", form).status_code == status


def test_larger_upload_is_refused(shop: Any) -> None:
    """Nobody fills the disk."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # werkzeug leaves the file of a body that it refuses to the collector
        assert shop.ask("/lists", {"title": "x", "file": (io.BytesIO(b"a" * 6_000_000), "a.csv")}).status_code == 413
        gc.collect()


def test_other_employees_make_no_lists(shop: Any) -> None:
    """A list is a definition like any other."""
    assert shop.ask("/lists/new", sees_all=False).status_code == 403
    assert shop.ask("/lists", {"title": "x", "text": "a@b.ru"}, sees_all=False).status_code == 403


# -- exports -----------------------------------------------------------------------------------------------


def files_of(shop: Any, path: str = "/segments/won", **asked: Any) -> dict[str, str]:
    """Return the addresses of the exports on a page."""
    found = re.findall(r'href="(/download\?token=[^"]+)"', shop.ask(path, **asked).text)
    return dict(zip(("csv", "xlsx", "txt"), found, strict=True))


def test_export_comes_in_three_forms(reachable: Any) -> None:
    """By the address alone: a browser fetches a file without our header."""
    reachable.save("company", id=1, title="=cmd|' /C calc'!A0", assigned_by_id=1)
    reachable.count()
    client, files = reachable.app.test_client(), files_of(reachable)
    table = client.get(files["csv"]).get_data(as_text=True)
    book = load_workbook(io.BytesIO(client.get(files["xlsx"]).data))
    cells = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]

    assert table.startswith("\ufeffКлиент;Название;Телефон;Почта")
    assert "'=cmd" in table
    assert "8 (916) 123-45-67" in table
    assert [row[0] for row in cells] == ["Клиент", "CO_1", "C_2"]
    assert {cell.data_type for row in book.worksheets[0].iter_rows(max_col=2) for cell in row} == {"s"}
    assert set(client.get(files["txt"]).get_data(as_text=True).split()) == {"Info@Romashka.ru;", "shared@mail.ru;8", "(916)", "123-45-67"}


def test_export_shows_what_its_viewer_sees(reachable: Any) -> None:
    """A manager takes nobody out, whatever address he has; nobody can make himself one; every export is written down."""
    addresses = files_of(reachable)
    client = reachable.app.test_client()
    his = {"session": {**vars(Session("m1", 9, False, "ru"))}, "key": "won", "form": "csv", "facts": [], "search": ""}

    assert client.get(addresses["csv"]).status_code == 200
    assert [row["about"] for row in reachable.services.app_store.list_notes("m1", {"kind": "export"}, 9)[0]] == ["won"]
    assert "/download?" not in reachable.ask("/segments/won", sees_all=False).text
    assert client.get(f"/download?token={reachable.services.signer.serializer('download').dumps(his)}").status_code == 403
    assert client.get("/download?token=forged").status_code == 403
    assert client.get("/download").status_code == 403


def test_chosen_facts_are_columns(reachable: Any) -> None:
    """On the page and in the export; links keep them."""
    page = reachable.ask("/segments/won?facts=average_purchase")

    assert "Средний чек" in page.words
    assert "facts=average_purchase" in page.text
    assert reachable.ask("/segments/won?facts=luck").status_code == 200


# -- history and hygiene -----------------------------------------------------------------------------------


def test_history_says_who_was_in_on_a_day_and_why(shop: Any) -> None:
    """Also who has left since, with the reason of then."""
    day = shop.ctx.today()
    shop.at += timedelta(days=2)
    shop.delete("deal", 3)
    shop.count()
    page = shop.ask(f"/segments/won/history?day={day}").words

    assert "Пётр Ёлкин" in page
    assert "1 выигранная сделка" in page
    assert "вышел" in page
    assert "Пётр Ёлкин" not in shop.ask(f"/segments/won/history?day={shop.ctx.today()}").words
    assert shop.ask("/segments/won/history?day=yesterday").status_code == 422
    assert "никого не было" in shop.ask("/segments/won/history?day=2001-01-01").words


def test_list_shows_shape_and_flags_the_dead(shop: Any) -> None:
    """Size over time, revenue share, the same people as another, unused and unchanged."""
    with shop.store.write() as db:
        db.conn.execute("UPDATE membership SET entered_at = '2020-01-01T00:00:00Z'")
    shop.ask("/segments/gallery/never_bought", {})
    refresh(shop.ctx)
    shop.at += timedelta(days=1)
    refresh(shop.ctx)
    shop.services.app_store.save_setting("m1", USED, {"won": shop.ctx.today()})
    page = shop.ask("/segments").words

    assert "polyline" in page
    assert "100 % выручки" in page
    assert page.count("не открывали 30 дней") == 1
    assert page.count("не менялся 30 дней") == 2
    assert "те же люди" not in page
    shop.ask("/segments/save", {"rule": '{"criterion": "segment", "segment": "won"}', "title": "Копия", "unknown_means": "no"})
    refresh(shop.ctx)
    assert "те же люди, что «С выигранными сделками»" in shop.ask("/segments").words
