"""A person at a browser: opens the portal, and hears everything that the browser complains of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, FrameLocator, Page, Request, Response, sync_playwright

from tests.requires import need

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 120_000  # milliseconds that a person waits for something to appear
# What a page was still asking for when the person went on to another one, or what became a download.
LEFT = "net::ERR_ABORTED"


@dataclass
class Person:
    """One window, and what went wrong in it."""

    page: Page
    portal_url: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("requestfailed", self._miss)
        self.page.on("response", self._look)

    @property
    def app(self) -> FrameLocator:
        """Our page in the portal's frame."""
        return self.page.frame_locator("#app-frame iframe")

    def go(self, path: str) -> None:
        """Open a page of the portal."""
        self.page.goto(self.portal_url + path)

    def overflow(self) -> list[str]:
        """Return the pages, the portal's own and those in its frames, that are wider than what one sees of them."""
        measure = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        sizes = [(frame.url.partition("?")[0], *frame.evaluate(measure)) for frame in self.page.frames]
        return [f"{url}: {wide} in {seen}" for url, wide, seen in sizes if wide > seen]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console {message.type}: {message.text}")

    def _miss(self, request: Request) -> None:
        if request.failure != LEFT:
            self.complaints.append(f"failed: {request.method} {request.url.partition('?')[0]} {request.failure}")

    def _look(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"answered {response.status}: {response.url.partition('?')[0]}")


@contextmanager
def sitting_down(portal_url: str, width: int = 1600, height: int = 900) -> Iterator[Person]:
    """Open a browser window of this size on the portal; close it at the end."""
    path = need("browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        try:
            context = browser.new_context(viewport={"width": width, "height": height}, locale="ru-RU")
            yield Person(context.new_page(), portal_url)
            context.close()
        finally:
            browser.close()
