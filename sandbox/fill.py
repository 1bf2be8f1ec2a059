"""What a portal holds from its first start: the company, a webhook, and the application that --app names. Done once per data directory.

A new portal's file is made aside, as a draft without a journal, and takes its place when it is complete: there is no half portal.
"""

from __future__ import annotations

import gc
import json
import shutil
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.company import generate
from sandbox.load import read_dataset
from sandbox.oauth import ALL_SCOPES
from sandbox.portal import PORTAL_FILE, Portal
from sandbox.requisites import fill_requisites

ADMINISTRATOR = 1
APP_TITLE = {"ru": "Повторные продажи", "en": "Repeat sales"}
APP_SCOPES = ("crm", "bizproc", "placement", "user", "user_basic", "documentgenerator", "im")
# What makes a company: anything else that a source yields is one remembered value.
SETTINGS = ("my_company",)
TRUTH = "truth.json"
DRAFT = "draft"


def make_once(options: Namespace) -> bool:
    """Make the portal of a data directory unless there is one; return whether it was made. Raises what the source raises."""
    directory: Path = options.data
    if (directory / PORTAL_FILE).exists():
        return False
    draft = directory / DRAFT
    shutil.rmtree(draft, ignore_errors=True)  # what a broken start left
    draft.mkdir(parents=True)
    portal = Portal(draft, "", is_draft=True)
    try:
        with _without_collector():
            fill(portal, options)
    finally:
        portal.close()
    for name in (TRUTH, PORTAL_FILE):  # the portal's file last: it says that all is there
        if (draft / name).exists():
            (draft / name).replace(directory / name)
    shutil.rmtree(draft)
    return True


@contextmanager
def _without_collector() -> Iterator[None]:
    """Millions of small lists live and die here in order; looking for cycles among them costs a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def fill(portal: Portal, options: Namespace) -> None:
    """Fill an empty portal as the command line says."""
    if options.load:
        fill_from_dataset(portal, Path(options.load))
    else:
        is_demo = options.company == "demo"
        fill_from_company(portal, options.contacts if is_demo else 0, options.deals if is_demo else 0, options.seed)
    portal.grants.add_webhook(ADMINISTRATOR, ALL_SCOPES, "Входящий вебхук")
    portal.grants.add_app(APP_TITLE, f"{options.app}/app", f"{options.app}/install", APP_SCOPES)


def fill_from_company(portal: Portal, contacts: int, deals: int, seed: int) -> None:
    """Insert a generated company and keep its truth beside the data."""
    company = generate(contacts=contacts, deals=deals, seed=seed, today=portal.clock.now().date())
    _insert(portal, company.sections())
    if deals:
        fill_requisites(portal)
    truth = json.dumps(company.truth, ensure_ascii=False, indent=1, default=str)
    (portal.data_dir / TRUTH).write_text(truth, encoding="utf-8")


def fill_from_dataset(portal: Portal, path: Path) -> None:
    """Insert a file in the official dataset's format."""
    _insert(portal, read_dataset(path))


def _insert(portal: Portal, sections: Any) -> None:
    with portal.store.write():
        for name, records in sections:
            if name in SETTINGS:
                portal.store.set_setting(name, next(iter(records), None))
                for _ in records:
                    pass
            else:
                portal.store.insert_many(name, records)


def access_of(portal: Portal) -> dict[str, str]:
    """Return how to reach the portal: the first line that `serve` prints."""
    hook = portal.store.find("webhooks", order='"ID"', limit=1)[0]
    app = next(iter(portal.grants.list_apps()), {"CLIENT_ID": "", "CLIENT_SECRET": ""})  # a person may have removed the last one
    return {
        "url": portal.url,
        "webhook": f"{portal.client_endpoint}{hook['USER_ID']}/{hook['CODE']}/",
        "client_id": app["CLIENT_ID"],
        "client_secret": app["CLIENT_SECRET"],
        "oauth_url": portal.oauth_url,
        "member_id": portal.member_id,
        "js_url": f"{portal.url}/api/v1/",
    }
