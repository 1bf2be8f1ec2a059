"""The addresses of the front door: the page that Bitrix24 opens in a frame, its progress, its end. Translates, decides nothing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template, request, url_for

from b24app.bitrix.incoming import read_lang
from b24app.portals.access import list_origins
from b24app.portals.rights import check_administrator
from b24app.portals.session import HEADER, Session
from install.flow import Admission, admit, finish
from install.progress import read_progress
from install.refusals import Refusal

if TYPE_CHECKING:
    from b24app.services import Services

NOBODY = ("'none'",)  # may frame a page when no portal is known

log = logging.getLogger(__name__)

blueprint = Blueprint("install", __name__, template_folder="templates", static_folder="static", static_url_path="/install/static")


@blueprint.post("/install")
def open_page() -> Response:
    """Admit the portal and show the installation as it goes, or say why not."""
    services = _services()
    outcome = admit(services, request.args.to_dict(), request.form.items(multi=True))
    if "event" in request.form:
        return _tell(outcome)
    if isinstance(outcome, Refusal):
        _log_refusal(outcome)
        return _page(_lang(), list_origins(services), outcome.status, refusal=outcome.sentence(_lang()))
    log.info("install ordered", extra={"member_id": outcome.portal.member_id, "user_id": outcome.session.user_id})
    return _admitted(services, outcome)


@blueprint.get("/install/progress")
def show_progress() -> Response:
    """Tell how far the installation is."""
    services, session = _services(), _session()
    response = jsonify(read_progress(services.app_store, services.stores, session.member_id, session.lang))
    response.headers[HEADER] = services.signer.sign(session)  # a first sync may outlast a session
    return response


@blueprint.post("/install/finished")
def take_finish() -> Response:
    """Mark the installation as finished: from now on Bitrix24 sends events."""
    finish(_services(), _session())
    return make_response("", 204)


def _tell(outcome: Admission | Refusal) -> Response:
    """Answer a portal that installs us without a page. settings/app-installation/local-apps/installation-callback.md"""
    if isinstance(outcome, Refusal):
        _log_refusal(outcome)
        return make_response(jsonify(status="error", error=outcome.reason), outcome.status)
    log.info("install ordered", extra={"member_id": outcome.portal.member_id, "user_id": outcome.session.user_id})
    return jsonify(status="success")


def _log_refusal(refusal: Refusal) -> None:
    detail = {f"refused_{key}": value for key, value in refusal.detail.items()}
    log.warning("install refused", extra={"reason": refusal.reason, **detail})


def _admitted(services: Services, admission: Admission) -> Response:
    session = admission.session
    return _page(session.lang, (admission.portal.url,), 200, token=services.signer.sign(session), js_url=services.config.js_url)


def _page(lang: str, framed_by: tuple[str, ...], status: int, **values: Any) -> Response:
    css = url_for("pages.static", filename="app.css") if "pages" in current_app.blueprints else ""
    response = make_response(render_template("install.html", lang=lang, app_css=css, **values), status)
    script = urlsplit(values.get("js_url", ""))
    script_origin = f"{script.scheme}://{script.netloc}" if script.netloc else ""
    response.headers["Content-Security-Policy"] = (
        f"default-src 'self'; script-src 'self' {script_origin}; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors {' '.join(framed_by or NOBODY)}"
    )
    return response


def _session() -> Session:
    """Return the session of an administrator. Raises Refused."""
    services = _services()
    session = services.signer.verify(request.headers.get(HEADER, ""))
    check_administrator(services.app_store, services.stores, session)
    return session


def _services() -> Services:
    return cast("Services", current_app.extensions["services"])


def _lang() -> str:
    return read_lang(request.args.get("LANG", "en"))
