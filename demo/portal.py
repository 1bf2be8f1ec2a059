"""What a person does in the portal, done over HTTP: opens the app, installs it, moves a deal, puts a robot on a stage."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import requests

from demo.processes import Sandbox

TIMEOUT = 120
WAIT_SECONDS = 600.0


class NotDone(Exception):
    """Something that had to happen did not; the sentence says what."""


def call(sandbox: Sandbox, method: str, **params: Any) -> dict[str, Any]:
    """Call a REST method by the incoming webhook, waiting while the portal is busy; return the whole answer."""
    while True:
        response = requests.post(f"{sandbox.webhook}{method}", json=params, timeout=TIMEOUT)
        answer: dict[str, Any] = response.json()
        if response.status_code != 503:
            break
        time.sleep(1)
    if "error" in answer:
        raise NotDone(f"{method}: {answer['error']} {answer.get('error_description', '')}")
    return answer


def control(sandbox: Sandbox, address: str, **body: Any) -> Any:
    """Ask the sandbox itself, beside its REST: GET without a body, POST with one."""
    url = f"{sandbox.url}/sandbox/{address}"
    response = requests.post(url, json=body, timeout=TIMEOUT) if body else requests.get(url, timeout=TIMEOUT)
    response.raise_for_status()
    return response.json()


def is_installed(sandbox: Sandbox) -> bool:
    """Tell whether the app's installation was finished in the portal."""
    apps = control(sandbox, "state")["apps"]
    return any(app["client_id"] == sandbox.client_id and app["installed"] for app in apps)


def open_install_page(sandbox: Sandbox) -> tuple[str, str]:
    """Open the installer as the portal's frame does; return the app's address and the page's session."""
    frame = control(sandbox, "open", client_id=sandbox.client_id, user_id=1, placement="DEFAULT")
    response = requests.post(frame["url"], data=frame["form"], timeout=TIMEOUT)
    found = re.search(r'<meta name="app-session" content="([^"]+)"', response.text)
    if not response.ok or not found:
        raise NotDone(f"The install page answered {response.status_code}")
    return frame["url"].split("/install")[0], found.group(1)


def follow_install(app_url: str, session: str) -> Iterator[dict[str, Any]]:
    """Yield the progress of the installation, as the page shows it, until it is finished."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        response = requests.get(f"{app_url}/install/progress", headers={"X-App-Session": session}, timeout=TIMEOUT)
        response.raise_for_status()
        progress = response.json()
        yield progress
        if progress["state"] == "failed":
            raise NotDone(f"The installation failed: {progress}")
        if progress["finished"]:
            return
        time.sleep(0.3)
    raise NotDone("The installation did not come to an end")


def finish_install(sandbox: Sandbox, app_url: str, session: str) -> None:
    """Do what the page does at its end: tell the app, then the portal."""
    requests.post(f"{app_url}/install/finished", headers={"X-App-Session": session}, timeout=TIMEOUT).raise_for_status()
    control(sandbox, "install-finish", client_id=sandbox.client_id)


def wait_for(what: str, ask: Callable[[], Any], seconds: float = 180.0) -> Any:
    """Ask again and again until the answer is there; raise NotDone when it does not come. LookupError says "not yet" too."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(LookupError):
            if answer := ask():
                return answer
        time.sleep(0.2)
    raise NotDone(f"This did not happen in {seconds:.0f} s: {what}")
