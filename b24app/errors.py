"""The error tree. An error is named by what its catcher does next; it is caught in three places only:
Flask's error handlers, the worker, the install flow.

AppError
    Refused              the caller did not prove itself, or asks what it may not   -> 403, no detail
        NotFromBitrix        the post does not prove that our portal sent it
        NotAllowed           he is known, and has not the right for it
    TooMany              was refused too often to be asked anew now; retry_after    -> 429
    Malformed            the post cannot be read                                    -> 400, no detail
    Mistaken             a person can mend it; carries the sentence to show         -> 422, shown
        NotConfigured        a setting is missing or wrong
    NotFound             no such thing, or not for this viewer                      -> 404
    Overloaded           cannot be taken in now; it is not saved                    -> 503
    BitrixError          the portal refused a call; method, code
        BitrixBusy           come back later; retry_after seconds                   -> job is put off
        BitrixGone           uninstalled, deleted, token revoked                    -> portal is dismissed
        BitrixLost           no answer: what was asked may have been done or not    -> look up, then repeat
"""

from __future__ import annotations


class AppError(Exception):
    """Anything that we raise on purpose."""


class Refused(AppError):
    """The caller may not do this; the reason is for the log, never for the caller."""


class NotFromBitrix(Refused):
    """The post does not prove that a portal of ours sent it."""


class NotAllowed(Refused):
    """He is known, and has not the right for what he asks."""


class TooMany(AppError):
    """The caller was refused so often that he is to wait for `retry_after` seconds."""

    def __init__(self, text: str, retry_after: float) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Malformed(AppError):
    """The post cannot be read: a field is missing or of a wrong kind."""


class Mistaken(AppError):
    """A person can mend it. `sentences` maps a language to what to show; English is always there."""

    def __init__(self, en: str, ru: str | None = None) -> None:
        super().__init__(en)
        self.sentences = {"en": en, "ru": ru or en}

    def sentence(self, lang: str) -> str:
        """Return what to show in the reader's language."""
        return self.sentences.get(lang, self.sentences["en"])


class NotConfigured(Mistaken):
    """A setting is missing or wrong."""


class NotFound(AppError):
    """No such thing, or not for this viewer: the two are not told apart on purpose."""


class Overloaded(AppError):
    """We cannot take it in now: what was sent is not known to be saved."""


class BitrixError(AppError):
    """The portal refused a call. `code` is the portal's own word, `text` its description."""

    def __init__(self, method: str, code: str, text: str = "", status: int = 0) -> None:
        super().__init__(f"{method}: {code or 'error'} {text}".rstrip())
        self.method, self.code, self.text, self.status = method, code, text, status


class BitrixBusy(BitrixError):
    """The portal asks to come back after `retry_after` seconds; nothing was done."""

    def __init__(self, method: str, code: str, text: str = "", status: int = 0, retry_after: float = 1.0) -> None:
        super().__init__(method, code, text, status)
        self.retry_after = retry_after


class BitrixGone(BitrixError):
    """The portal, the app in it or our token is no more."""


class BitrixLost(BitrixError):
    """The connection broke before the answer: a write may have been done or not."""
