"""The web app over a portal with a few clients; what the pages say is asked as the frame's script asks."""

from __future__ import annotations

import html
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from b24app.app import close_app, create_app
from b24app.config import Config
from b24app.context import Portal, utc_now
from b24app.portals import registry
from b24app.portals.session import HEADER, Session
from b24app.segments.definitions import ensure_presets
from b24app.segments.membership import refresh
from b24app.store.inbox import InboxReader
from b24app.store.mirror import PortalStores
from tests.b24app.conftest import Base

URL = "https://one.bitrix24.ru"
PORTAL = Portal("m1", URL, "installed", time_zone="Europe/Moscow")


class Shop(Base):
    """A base in a file that the web process reads, and people who look at its pages."""

    def __init__(self, app: Flask, stores: PortalStores) -> None:
        self.app = app
        self.services: Any = app.extensions["services"]
        super().__init__(self.services.app_store)
        self.store.close()
        self.at = utc_now()
        self.store = stores.writer("m1")
        self.ctx = replace(self.ctx, portal=PORTAL, store=self.store)

    def ask(self, path: str, form: dict[str, Any] | None = None, sees_all: bool = True, lang: str = "ru") -> Any:
        """Ask as the frame's script does: POST when there is a form."""
        token = self.services.signer.sign(Session("m1", 1, is_admin=sees_all, lang=lang))
        method = "GET" if form is None else "POST"
        answer: Any = self.app.test_client().open(path, method=method, data=form, headers={HEADER: token})
        answer.words = html.unescape(answer.text).replace("\N{NO-BREAK SPACE}", " ")
        return answer

    def commands(self) -> list[dict[str, Any]]:
        """Return what the pages have ordered from the worker."""
        reader = InboxReader(self.services.config.data_dir / "inbox.db")
        try:
            return [message.body for message in reader.after("m1", 0, 100) if message.kind == "command"]
        finally:
            reader.close()

    def count(self) -> None:
        """Do what the worker does."""
        self.update()
        refresh(self.ctx)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Give a shop of one's own."""
    with open_shop(tmp_path) as made:
        yield made


@contextmanager
def open_shop(tmp_path: Path) -> Iterator[Shop]:
    """Three clients: a company that bought twice, a person who bought once, a person who never did."""
    config = Config(client_id="local.1", client_secret="s", url="https://a.ru", portals=(URL,), data_dir=tmp_path, secret_key="k")
    app = create_app(config)
    registry.save_portal(app.extensions["services"].app_store, PORTAL)
    stores = PortalStores(tmp_path)
    made = Shop(app, stores)
    made.save("employee", id=1, name="Анна Смирнова")
    made.company(1, title="ООО Ромашка")
    made.contact(2, name="Пётр", last_name="Ёлкин")
    made.contact(3, name="Новый", last_name="<b>Клиент</b>")
    made.deal(1, company=1, won="2025-01-10", opportunity=1000.0)
    made.deal(2, company=1, won="2025-03-10", opportunity=2000.0)
    made.deal(3, contacts=[2], won="2025-05-05", opportunity=500.0)
    made.save("product_row", id=1, owner_type="D", owner_id=3, product_id=7, product_name="Кофе в зёрнах")
    ensure_presets(made.ctx)
    made.count()
    yield made
    stores.close()
    close_app(app)
