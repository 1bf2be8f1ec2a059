"""The vendor's JavaScript SDK, and the portal's own BX24 script, in a real browser, in the portal's frames, over HTTP and HTTPS.

The same small application runs on both: it installs itself, calls methods, reads where it stands, sets a robot's properties.
The SDK comes from npm as tests/contracts/npm/ pins it, into .cache/ once.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page, sync_playwright

from tests.requires import is_required, need
from tests.sandbox.served import ROOT, Served

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent
QUIET = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
INSTALL_SECONDS = 300


@pytest.fixture(scope="module")
def sdk() -> Path:
    """The SDK's UMD build, installed by npm as the lock file says."""
    npm = need("npm")
    lock = (HERE / "npm" / "package-lock.json").read_bytes()
    folder = ROOT / ".cache" / f"npm-{hashlib.sha256(lock).hexdigest()[:12]}"
    bundle = folder / "node_modules" / "@bitrix24" / "b24jssdk" / "dist" / "umd" / "index.min.js"
    if not bundle.exists():
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(HERE / "npm", folder)
        ended = subprocess.run([npm, "ci"], cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
        if ended.returncode:
            stop = pytest.fail if is_required("npm") else pytest.skip
            stop(f"npm could not install the SDK: {ended.stderr[-500:]}")
    return bundle


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests here."""
    path = need("browser")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield made
        made.close()


@dataclass(frozen=True)
class Application:
    """Where the application's pages are, and the portal that it is added to."""

    url: str
    portal: Served
    client_id: str


@pytest.fixture(params=["plain", "secure"])
def portal(request: pytest.FixtureRequest) -> Served:
    """The portal over HTTP, then over HTTPS."""
    found: Served = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["sdk", "bx24"])
def application(request: pytest.FixtureRequest, portal: Served) -> Iterator[Application]:
    """The small application on the SDK, then on the portal's own script."""
    scripts = {"/b24jssdk.js": request.getfixturevalue("sdk").read_bytes()} if request.param == "sdk" else {}
    scripts |= {f"/{name}": (HERE / "pages" / name).read_bytes() for name in (f"{request.param}.js", "app.js")}
    head = "/b24jssdk.js" if request.param == "sdk" else portal.about["js_url"]
    page = "".join(f'<script src="{source}"></script>' for source in (head, f"/{request.param}.js", "/app.js"))
    with serving(scripts, f'<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body>{page}') as url:
        asked = {"title": f"Contract {request.param}", "handler": f"{url}/app", "installer": f"{url}/install"}
        made = Application(url, portal, portal.control("apps", **asked)["client_id"])
        yield made
        portal.control("uninstall", client_id=made.client_id)


class serving:  # noqa: N801 - a context manager
    """A server of scripts by GET and of one page by POST, as Bitrix24 opens pages."""

    def __init__(self, scripts: dict[str, bytes], page: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self._send(page.encode(), "text/html; charset=utf-8")

            def do_GET(self) -> None:
                self._send(scripts[self.path], "text/javascript; charset=utf-8")

            def _send(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def told(page: Page, path: str) -> dict[str, Any]:
    """Return what the application's page at a path has found out."""
    frame = frame_of(page, path)
    frame.wait_for_function("window.told")
    found: dict[str, Any] = frame.evaluate("window.told")
    return found


def frame_of(page: Page, path: str) -> Frame:
    """Return the application's frame once it is there."""
    page.wait_for_function("path => [...document.querySelectorAll('iframe')].length > 0", arg=path)
    for _ in range(100):
        found = next((frame for frame in page.frames if f"{path}?" in frame.url), None)
        if found is not None:
            return found
        page.wait_for_timeout(50)
    raise AssertionError(f"no frame at {path}")


def test_application_lives_in_the_portal(browser: Browser, application: Application) -> None:
    """Installation, methods, batches, lists, options, a fresh token, the window's size and title; a tab; a robot's settings."""
    portal, noise = application.portal, list[str]()
    context = browser.new_context(ignore_https_errors=True, locale="ru-RU")
    page = context.new_page()
    page.on("console", lambda message: noise.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: noise.append(str(error)))

    page.goto(f"{portal.url}/marketplace/app/{application.client_id}/")
    page.locator("#page-title", has_text="From inside").wait_for()
    app = told(page, "/app")
    size = page.locator("#app-frame iframe").bounding_box()
    page.goto(f"{portal.url}/crm/deal/details/1/")
    page.click("[data-placement=CRM_DEAL_DETAIL_TAB]")
    tab = told(page, "/tab")
    page.goto(f"{portal.url}/crm/deal/automation/0/")
    page.click("[data-stage=PREPARATION] .add-robot")
    settings = told(page, "/settings")
    title = page.locator("#robot-properties [name=title]").input_value()
    context.close()

    count = portal.post("crm.deal.list", select=["ID"]).json()["total"]
    assert (app["placement"], app["isAdmin"], app["lang"], app["origin"]) == ("DEFAULT", True, "ru", portal.url)
    assert (app["user"], app["after"], app["deals"], app["option"], app["isFresh"]) == ("1", "1", count, "yes", True)
    assert app["batch"]["me"] == "1"
    assert "не найден" in app["batch"]["lost"]
    assert "METHOD_NOT_FOUND" in app["error"] or "Method not found" in app["error"]
    assert size is not None
    assert (size["width"], size["height"]) == (320, 240)
    assert (tab["placement"], tab["options"]["ID"], tab["deal"]) == ("CRM_DEAL_DETAIL_TAB", "1", "1")
    assert (title, "setPropertyValue" in settings["commands"]) == ("From the settings", True)
    assert settings["options"]["code"] == "contract"
    assert [text for text in noise if "404" not in text] == []
