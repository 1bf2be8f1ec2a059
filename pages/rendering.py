"""How a page is made: a shell for the frame that Bitrix24 opens, its content alone for every later request.

Owns filters, headers and the reader's language; asks no room for anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from flask import Response, current_app, make_response, render_template, request

from b24app.portals.session import HEADER, Session
from b24app.segments.definitions import day_of
from b24app.segments.known import Known
from b24app.segments.words import GAP, Speech, date_text, fact_text, money_text, number_text
from pages.words import counted, speaker

if TYPE_CHECKING:
    from b24app.context import Context
    from b24app.services import Services

MEASURES = ("день", "год", "day", "year")  # nouns that are units
NOBODY = ("'none'",)  # may frame a page when no portal is known
WHOLE_FROM = 1000  # sums from which nobody reads kopecks


def services() -> Services:
    """Return the web process's tools."""
    return cast("Services", current_app.extensions["services"])


def session() -> Session:
    """Return the session that the request carries. Raises Refused."""
    return services().signer.verify(request.headers.get(HEADER, ""))


def fragment(template: str, ctx: Context, **values: Any) -> str:
    """Return the content of a page in the reader's language."""
    return render_template(template, ctx=ctx, viewer=ctx.viewer, **speech(ctx), **values)


def answer(content: str, viewer: Session, status: int = 200) -> Response:
    """Answer a request of the frame's script: the content, and the session renewed."""
    response = make_response(content, status)
    response.headers[HEADER] = services().signer.sign(viewer)
    return response


def shell(content: str, viewer: Session, portal_url: str, start: str, in_frame: bool = True) -> Response:
    """Answer the first request: the page around the content. Only that portal may frame it; outside a frame its script is left out."""
    config, lang = services().config, viewer.lang
    token = services().signer.sign(viewer)
    html = render_template(
        "shell.html", content=content, token=token, js_url=config.js_url if in_frame else "", start=start, lang=lang, t=speaker(lang)
    )
    return framed(make_response(html), (portal_url,))


def framed(response: Response, portals: tuple[str, ...]) -> Response:
    """Allow the portals, and nobody else, to show the page in a frame; allow no script but ours and Bitrix24's."""
    parts = urlsplit(services().config.js_url)
    response.headers["Content-Security-Policy"] = (
        f"default-src 'self'; script-src 'self' {parts.scheme}://{parts.netloc}; img-src 'self' data:; "
        f"base-uri 'none'; form-action 'self'; frame-ancestors {' '.join(portals or NOBODY)}"
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def speech(ctx: Context) -> dict[str, Any]:
    """Return what every template needs to speak: words, numbers, days and money as the reader writes them."""
    lang, zone = ctx.lang, ctx.portal.zone

    speaking = Speech(lang, day_of(ctx), Known({}, {}), ctx.portal.currency)

    def day(value: str | None) -> str:
        return fact_text("instant", value, speaking) if value else ""

    def moment(value: str) -> str:
        when = datetime.fromisoformat(value).astimezone(zone)
        clock = f"{when:%H:%M}"
        return clock if when.date().isoformat() == ctx.today() else f"{date_text(when.date(), lang)} {clock}"

    return {
        "lang": lang,
        "t": speaker(lang),
        "n": lambda number, key: counted(lang, number, key),
        "digits": lambda number: number_text(number, lang),
        "money": lambda amount, currency=ctx.portal.currency: money_text(amount, currency, lang),
        "percent": lambda part, whole: percent(part, whole, lang),
        "day": day,
        "moment": moment,
        "fact": lambda kind, value, words=None: fact_text(kind, rounded(kind, value), speaking, words_of(words)),
    }


def percent(part: float, whole: float, lang: str) -> str:
    """Return a share with one decimal, or none when it is zero: 92,2 %."""
    text = f"{100 * part / whole:.1f}".removesuffix(".0") if whole else "0"
    return f"{text.replace('.', ',') if lang == 'ru' else text}{GAP}%"


def rounded(kind: str, value: Any) -> Any:
    """Return a number as a page shows it: large sums without kopecks, other fractions with one decimal."""
    if kind == "money" and value is not None and abs(value) >= WHOLE_FROM:
        return round(value)
    return round(value, 1) if kind == "number" and value is not None else value


def words_of(fact: Any) -> Mapping[str, Any] | None:
    """Return the words that a fact's value is said with: given as they are, or as a fact on a card carries them."""
    if fact is None or isinstance(fact, Mapping):
        return fact
    # "Покупки: 3" needs no noun after it, "Время жизни: 550" says nothing without one.
    return {"choices": fact.choices, "forms": fact.forms if fact.forms and fact.forms[0] in MEASURES else ()}
