"""Files that a page offers: a browser fetches them without our header, so the address itself is signed, for a segment and a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from b24app.context import Context
from b24app.errors import Refused
from b24app.portals.session import Session
from b24app.segments.definitions import load
from b24app.segments.exports import list_contacts, list_rows
from b24app.segments.files import write_csv, write_text, write_xlsx
from pages.rendering import services

blueprint = Blueprint("downloads", __name__)

SECONDS = 900
FORMS = {
    "txt": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def link(viewer: Session, key: str, form: str, facts: Sequence[str], search: str) -> str:
    """Return the address under which this viewer may fetch a segment's members for a quarter of an hour."""
    token = _signer().dumps({"session": asdict(viewer), "key": key, "form": form, "facts": list(facts), "search": search})
    return f"/download?token={token}"


@blueprint.get("/download")
def download() -> Response:
    """Answer with the file that the address was signed for."""
    asked = _read_token(request.args.get("token", ""))
    if "purpose" in asked:
        raise Refused("download: for something else")
    ctx = services().context(Session(**asked["session"]))
    title = load(ctx, asked["key"]).title[ctx.lang]
    body = _body(ctx, asked)
    response = Response(body, mimetype=FORMS[asked["form"]])
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(title)}.{asked['form']}"
    return response


def sign_link(viewer: Session, purpose: str, about: str) -> str:
    """Return the token of an address under which this viewer may fetch another kind of file."""
    return str(_signer().dumps({"session": asdict(viewer), "purpose": purpose, "about": about}))


def read_link(purpose: str, token: str) -> tuple[Session, str]:
    """Return for whom a token was signed, and about whom. Raises Refused when it is forged, too old or for something else."""
    asked = _read_token(token)
    if asked.get("purpose") != purpose:
        raise Refused("download: for something else")
    return Session(**asked["session"]), str(asked["about"])


def _body(ctx: Context, asked: dict[str, Any]) -> bytes:
    if asked["form"] == "txt":
        return "".join(write_text(list_contacts(ctx, asked["key"], asked["search"]))).encode()
    rows = list_rows(ctx, asked["key"], asked["facts"], asked["search"])
    return write_xlsx(rows) if asked["form"] == "xlsx" else "".join(write_csv(rows)).encode()


def _read_token(token: str) -> dict[str, Any]:
    try:
        return dict(_signer().loads(token, max_age=SECONDS))
    except BadSignature as error:
        raise Refused(f"download: {type(error).__name__}") from error


def _signer() -> URLSafeTimedSerializer:
    return services().signer.serializer("download")
