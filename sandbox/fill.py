"""What a portal holds from its first start: the company, a webhook, and the application that --app names. Done once per data directory."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.company import generate
from sandbox.load import read_dataset
from sandbox.oauth import ALL_SCOPES

if TYPE_CHECKING:
    from sandbox.portal import Portal

ADMINISTRATOR = 1
APP_TITLE = {"ru": "Повторные продажи", "en": "Repeat sales"}
APP_SCOPES = ("crm", "bizproc", "placement", "user", "user_basic", "documentgenerator", "im")
# What makes a company: anything else that a source yields is one remembered value.
SETTINGS = ("my_company",)


def fill_once(portal: Portal, options: Namespace) -> None:
    """Fill an empty portal; one that was filled before stays as it is. Raises what the source raises, leaving no half portal."""
    if portal.store.setting("filled"):
        return
    if options.load:
        fill_from_dataset(portal, Path(options.load))
    else:
        is_demo = options.company == "demo"
        fill_from_company(portal, options.contacts if is_demo else 0, options.deals if is_demo else 0, options.seed)
    portal.grants.add_webhook(ADMINISTRATOR, ALL_SCOPES, "Входящий вебхук")
    if options.app:
        portal.grants.add_app(APP_TITLE, f"{options.app}/app", f"{options.app}/install", APP_SCOPES)
    portal.store.set_setting("filled", True)


def fill_from_company(portal: Portal, contacts: int, deals: int, seed: int) -> None:
    """Insert a generated company and keep its truth beside the data."""
    company = generate(contacts=contacts, deals=deals, seed=seed, today=portal.clock.now().date())
    _insert(portal, company.sections())
    truth = json.dumps(company.truth, ensure_ascii=False, indent=1, default=str)
    (portal.data_dir / "truth.json").write_text(truth, encoding="utf-8")


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
    apps = portal.grants.list_apps()
    app = apps[0] if apps else {"CLIENT_ID": "", "CLIENT_SECRET": ""}
    return {
        "url": portal.url,
        "webhook": f"{portal.client_endpoint}{hook['USER_ID']}/{hook['CODE']}/",
        "client_id": app["CLIENT_ID"],
        "client_secret": app["CLIENT_SECRET"],
        "oauth_url": f"{portal.url}/oauth-server",
        "member_id": portal.member_id,
        "js_url": f"{portal.url}/api/v1/",
    }
