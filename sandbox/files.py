"""Downloads: signed plain GETs for templates and documents, and the public page of a document. No method of REST is here."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, render_template_string, request, send_file

from sandbox import filestore
from sandbox.document_views import DOWNLOAD, GET_PDF, TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.portal import Portal
    from sandbox.rest import Record

# What a link's action hands out: the section of the record and its column with the file's id.
ACTIONS = {DOWNLOAD: ("documents", "FILE_ID"), GET_PDF: ("documents", "PDF_ID"), TEMPLATE: ("doc_templates", "FILE_ID")}

PUBLIC_PAGE = """<!doctype html>
<html lang="ru"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{ title }}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;background:#eef2f4;margin:0;display:grid;place-items:center;min-height:100vh;color:#333}
main{background:#fff;border-radius:12px;padding:40px;max-width:480px}
a{color:#0b66c3;margin-right:24px}</style></head>
<body><main><h1>{{ title }}</h1><p>№ {{ number }}</p><p><a href="{{ base }}/docx">Скачать / Download .docx</a>
{% if has_pdf %}<a href="{{ base }}/pdf">PDF</a>{% endif %}</p></main></body></html>"""


def make_blueprint(portal: Portal) -> Blueprint:
    """Return the blueprint; its addresses are made by `document_views`."""
    files = Blueprint("files", __name__)

    @files.get("/bitrix/services/main/ajax.php")
    def page_download() -> Response:
        return _signed(portal, request.args.get("action", ""), request.args.get("signature", ""))

    for action in ACTIONS:
        files.add_url_rule(f"/rest/{action}.json", action.replace(".", "_"), _machine_view(portal, action), methods=["GET"])

    @files.get("/~<code>")
    def public_page(code: str) -> str:
        document = _public(portal, code)
        about = {"title": document["TITLE"], "number": document["NUMBER"], "has_pdf": bool(document["PDF_ID"]), "base": f"/~{code}"}
        return render_template_string(PUBLIC_PAGE, **about)

    @files.get("/~<code>/docx")
    def public_word(code: str) -> Response:
        return _send(portal, _public(portal, code)["FILE_ID"])

    @files.get("/~<code>/pdf")
    def public_pdf(code: str) -> Response:
        return _send(portal, _public(portal, code)["PDF_ID"])

    return files


def _machine_view(portal: Portal, action: str) -> Callable[[], Response]:
    def view() -> Response:
        return _signed(portal, action, request.args.get("token", ""))

    return view


def _signed(portal: Portal, action: str, signature: str) -> Response:
    key = request.args.get("id", "")
    if action not in ACTIONS or not key.isdigit() or not filestore.is_signed(portal, action, key, signature):
        abort(403)
    section, column = ACTIONS[action]
    record = portal.store.get(section, int(key))
    return _send(portal, record[column] if record else None)


def _public(portal: Portal, code: str) -> Record:
    found = portal.store.find("documents", {"PUBLIC_CODE": code}, limit=1)
    if not found:
        abort(404)
    return found[0]


def _send(portal: Portal, file_id: int | None) -> Response:
    if not file_id:
        abort(404)
    file = filestore.read(portal, file_id)
    return send_file(io.BytesIO(file.content), mimetype=file.mime, download_name=file.name, as_attachment=file.mime == filestore.DOCX)
