"""The portal itself: its store, clock, fields, stages, grants, records and methods, put together. Knows no HTTP."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.active import Active
from sandbox.calllog import CallLog
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.fields import Fields
from sandbox.limits import PLANS, Counting, Operating
from sandbox.methods import BY_NAME
from sandbox.oauth import Grants
from sandbox.params import load_params
from sandbox.records import Listener, Records
from sandbox.rest import Answer, Call, Caller, Method, RestError
from sandbox.sections import SECTIONS
from sandbox.stages import Stages
from sandbox.store import Store

OAUTH_PATH = "/oauth-server"  # where the authorization server answers unless it has an origin of its own
PORTAL_FILE = "portal.db"
# What app.info calls the tariff of a set of limits.
LICENCES = {"cloud": "pro100", "enterprise": "ent250", "none": "ent250"}


class Portal:
    """One portal. `url` is its public address without a slash at the end; `language` is what people see it in.

    `oauth_url` is the authorization server's origin when that is another one. `plan` names the tariff whose limits the portal keeps
    (of requests: the server), `log` the file of calls (DIR/calls.jsonl). `counting_cost`: seconds a million records.
    `is_draft`: the portal is only being filled, see `Store`.
    """

    def __init__(  # noqa: PLR0913 - all in which one portal differs from another
        self,
        data_dir: Path,
        url: str,
        clock: Clock | None = None,
        *,
        oauth_url: str | None = None,
        token_ttl: int = 3600,
        plan: str = "none",
        operating_limit: float | None = None,
        counting_cost: float = 0.0,
        log: Path | None = None,
        is_draft: bool = False,
    ) -> None:
        self.data_dir, self.url, self.language = data_dir, url, "ru"
        self.oauth_url = oauth_url or url + OAUTH_PATH
        self.plan, self.licence = plan, LICENCES[plan]
        self.clock = clock or Clock()
        self.store = Store(data_dir / PORTAL_FILE, SECTIONS, is_draft)
        self.fields = Fields(self.store, self.language)
        self.stages = Stages(self.store)
        self.grants = Grants(self.store, self.clock, token_ttl)
        self.operating = Operating(PLANS[plan].operating if operating_limit is None else operating_limit)
        self.counting = Counting(counting_cost)
        self.faults = Faults()
        self.log = CallLog(log or data_dir / "calls.jsonl")
        self.listeners: list[Listener] = []
        self.records = Records(self)
        self.member_id = self._kept("member_id")
        self.active = Active(self)

    def _kept(self, name: str) -> str:
        """Return a random setting that is made once."""
        with self.store.write():
            if self.store.setting(name) is None:
                self.store.set_setting(name, secrets.token_hex(16))
        return str(self.store.setting(name))

    @property
    def domain(self) -> str:
        """Return host and port of the portal's address."""
        return urlsplit(self.url).netloc

    @property
    def oauth_domain(self) -> str:
        """Return host and port of the authorization server's address."""
        return urlsplit(self.oauth_url).netloc

    @property
    def client_endpoint(self) -> str:
        """Return the address that methods are called at."""
        return f"{self.url}/rest/"

    @property
    def server_endpoint(self) -> str:
        """Return the authorization server's REST address."""
        return f"{self.oauth_url}/rest/"

    def base_currency(self) -> str:
        """Return the code of the base currency."""
        found = self.store.find("currencies", {"BASE": "Y"}, limit=1)
        return str(found[0]["CURRENCY"]) if found else "RUB"

    def call(self, caller: Caller, name: str, params: dict[str, Any], is_inner: bool = False) -> Answer:
        """Run one method as a caller: rights, operating limit, schema, function. `is_inner`: a command of a batch. Raises RestError."""
        status, code = 200, ""
        method = BY_NAME.get(name.lower())
        try:
            if caller.account:
                self.faults.refuse(caller.account, name, is_aside=is_inner)
            if method is None:
                raise RestError(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
            check_rights(method, caller)
            return self._run(method, caller, params)
        except RestError as error:
            status, code = error.status, str(error.code)
            raise
        finally:
            if method is None or method.name != "batch":
                self.log.add(method.name if method else name, params, status, code)

    def _run(self, method: Method, caller: Caller, params: dict[str, Any]) -> Answer:
        if caller.account:
            self.operating.check(caller.account, method.name, self.clock.unix())
        started = time.perf_counter()
        try:
            return method.function(Call(self, caller, load_params(method, params)))
        except OverflowError as error:  # a number that no column holds, from wherever in the parameters it comes
            raise RestError(400, "INVALID_ARG_VALUE", "A number is out of range") from error
        finally:
            if caller.account and method.name != "batch":
                self.operating.add(caller.account, method.name, time.perf_counter() - started, self.clock.unix())

    def close(self) -> None:
        """Close the store; `active` is stopped by who started it."""
        self.log.close()
        self.store.close()


def check_rights(method: Method, caller: Caller) -> None:
    """Raise RestError when a caller may not use a method. The portal itself may use all."""
    if not caller.account:
        return
    if method.scope and not caller.scopes.intersection(method.scope.split("|")):
        text = "The request requires higher privileges than provided by the webhook token"
        raise RestError(403, "insufficient_scope", text)
    if method.app_only and caller.app is None:
        raise RestError(*method.app_refusal)
    if method.admin and not caller.admin:
        raise RestError(*method.admin_refusal)
