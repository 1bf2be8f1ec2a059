"""BX24 in a real browser: a page of another origin, opened in the portal's frame, talks to it by postMessage and REST."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import sync_playwright

from tests.requires import need
from tests.sandbox.served import Served

pytestmark = pytest.mark.browser

QUIET = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
INSTALLER = """
BX24.init(() => BX24.callMethod('placement.bind', {PLACEMENT: 'CRM_DEAL_DETAIL_TAB', HANDLER: location.origin + '/tab', TITLE: 'Tab'},
    (answer) => { if (!answer.error()) BX24.installFinish(); }));
"""
PAGE = """
const told = {};
BX24.init(() => BX24.callBatch({me: ['profile', {}], lost: {method: 'no.such.method'}}, (answers) => {
    told.user = answers.me.data().ID;
    told.error = answers.lost.error().getError().error;
    told.info = BX24.placement.info();
    told.domain = BX24.getDomain(true);
    told.isAdmin = BX24.isAdmin();
    BX24.userOption.set('seen', 'yes', () => {
        told.seen = BX24.userOption.get('seen');
        BX24.refreshAuth((auth) => {
            told.isFresh = Boolean(auth.access_token);
            BX24.resizeWindow(300, 250, () => BX24.setTitle('From inside', () => { window.told = told; }));
        });
    });
}));
"""


class Application:
    """Serves an installer and pages that load BX24 from the portal."""

    def __init__(self, script: str) -> None:
        pages = {"/install": INSTALLER, "/app": PAGE, "/tab": PAGE}

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                own = pages[self.path.partition("?")[0]]
                head = f'<!doctype html><link rel="icon" href="data:,"><body><script src="{script}"></script>'
                body = f"{head}<script>{own}</script>".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def application(served: Served) -> Iterator[Application]:
    made = Application(served.about["js_url"])
    yield made
    made.stop()


def test_application_is_installed_and_works_in_its_frames(served: Served, application: Application) -> None:
    """The installer binds a tab and finishes, the portal reloads into the application; the tab of a card knows its deal."""
    asked = {"title": "Bridge", "handler": f"{application.url}/app", "installer": f"{application.url}/install"}
    client_id = served.control("apps", **asked)["client_id"]
    noise: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=need("browser"), args=QUIET)
        page = chromium.new_page()
        page.on("console", lambda message: noise.append(message.text))
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.goto(f"{served.url}/marketplace/app/{client_id}/")
        page.locator("#page-title", has_text="From inside").wait_for()
        inside = next(frame for frame in page.frames if "/app?" in frame.url)
        inside.wait_for_function("window.told")
        told = inside.evaluate("window.told")
        size = page.locator("#app-frame iframe").bounding_box()
        page.goto(f"{served.url}/crm/deal/details/1/")
        page.click("[data-placement=CRM_DEAL_DETAIL_TAB]")
        page.locator("#page-title", has_text="From inside").wait_for()
        tab = next(frame for frame in page.frames if "/tab?" in frame.url).evaluate("BX24.placement.info()")
        chromium.close()
    assert told == {
        "user": "1",
        "error": "ERROR_METHOD_NOT_FOUND",
        "info": {"placement": "DEFAULT", "options": {}},
        "domain": served.url,
        "isAdmin": True,
        "seen": "yes",
        "isFresh": True,
    }
    assert (size["width"], size["height"]) == (300, 250)
    assert (tab["placement"], tab["options"]["ID"]) == ("CRM_DEAL_DETAIL_TAB", "1")
    assert noise == []
