"""Bitrix24's BB code in timeline texts as HTML: links, bold, italic, underlined. What is not BB code stays text, escaped."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

LINK = re.compile(r"\[url=(https?://[^\]\s]+)\](.*?)\[/url\]", re.IGNORECASE | re.DOTALL)
BARE = re.compile(r"\[url\](https?://[^\[\s]+)\[/url\]", re.IGNORECASE)
STYLE = re.compile(r"\[(/?)([biu])\]", re.IGNORECASE)


def show(text: str) -> Markup:
    """Return the text as HTML. It is escaped first: only tags that are made here get in."""
    html = str(escape(text))
    html = LINK.sub(r'<a href="\1" target="_blank" rel="noopener">\2</a>', html)
    html = BARE.sub(r'<a href="\1" target="_blank" rel="noopener">\1</a>', html)
    return Markup(STYLE.sub(lambda found: f"<{found[1]}{found[2].lower()}>", html))  # noqa: S704 - escaped above  # nosec B704
