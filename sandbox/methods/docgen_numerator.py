"""crm.documentgenerator.numerator.*. Source: api-reference/crm/document-generator/**."""

from __future__ import annotations

from typing import Any

from sandbox import document_views as views
from sandbox.documents import refused
from sandbox.envelope import PAGE, print_page, read_start
from sandbox.methods.docgen_params import NUMERATOR, read_key
from sandbox.numbering import GENERATOR, read_settings
from sandbox.rest import Answer, Call, Record


def numerator_add(call: Call) -> Answer:
    """Add a numerator."""
    sent = call.params["fields_"]
    missing = [name for name in ("name", "template") if not sent.get(name)]
    if missing:
        raise refused(f"Empty required fields: {', '.join(missing)}")
    record = {"NAME": str(sent["name"]), "TEMPLATE": str(sent["template"]), "SETTINGS": _settings(sent), "BY_REST": True}
    key = int(call.portal.store.insert("doc_numerators", record))
    return Answer({"numerator": views.numerator(get_numerator(call, key), is_new=True)})


def _settings(sent: dict[str, Any]) -> dict[str, Any]:
    given = sent.get("settings") or {}
    try:
        return read_settings(given if isinstance(given, dict) else {})
    except (ValueError, TypeError) as error:
        raise refused(str(error), "100") from error


def get_numerator(call: Call, key: int, is_changed: bool = False) -> Record:
    found = call.portal.store.get("doc_numerators", key)
    if found is None:
        raise refused("Could not construct parameter {numerator}", "100")
    if is_changed and not found["BY_REST"]:
        raise refused("Access denied", "DOCGEN_ACCESS_ERROR")
    return found


def numerator_get(call: Call) -> Answer:
    """Get a numerator."""
    return Answer({"numerator": views.numerator(get_numerator(call, read_key(call.params["id"], NUMERATOR)))})


def numerator_list(call: Call) -> Answer:
    """List numerators; rows have no `code`."""
    start, store = read_start(call.params["start"]), call.portal.store
    rows = store.find("doc_numerators", limit=PAGE, offset=max(start, 0))
    shown = [{name: value for name, value in views.numerator(row).items() if name != "code"} for row in rows]
    return print_page({"numerators": shown}, start, len(rows), store.count("doc_numerators"))


def numerator_update(call: Call) -> Answer:
    """Change a numerator made by REST; its answer has no wrapper. Another start begins the count anew (assumption 116)."""
    before = get_numerator(call, read_key(call.params["id"], NUMERATOR), is_changed=True)
    sent = call.params["fields_"]
    changes: dict[str, Any] = {name.upper(): str(sent[name]) for name in ("name", "template") if sent.get(name)}
    if isinstance(sent.get("settings"), dict):
        changes["SETTINGS"] = _settings({"settings": {GENERATOR: {**before["SETTINGS"], **(sent["settings"].get(GENERATOR) or {})}}})
        if changes["SETTINGS"]["start"] != before["SETTINGS"]["start"]:
            changes["LAST"] = None
    call.portal.store.save("doc_numerators", before["ID"], changes)
    return Answer(views.numerator(get_numerator(call, before["ID"])))


def numerator_delete(call: Call) -> Answer:
    """Delete a numerator made by REST."""
    found = get_numerator(call, read_key(call.params["id"], NUMERATOR), is_changed=True)
    call.portal.store.delete("doc_numerators", found["ID"])
    return Answer(None)
