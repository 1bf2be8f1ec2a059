"""The short session of a frame: a signed token that every request of our page carries in a header.

Signs and verifies; keeps nothing. Cookies do not arrive inside the frame, and a header also ends CSRF.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from itsdangerous import BadSignature, URLSafeTimedSerializer

from b24app.errors import Refused

HEADER = "X-App-Session"
LIFETIME = 3600  # seconds
CONNECT, OPEN = "connect", "open"  # what a link is for: a webhook's page, a portal's pages


@dataclass(frozen=True)
class Session:
    """Who looks at the frame, in which portal."""

    member_id: str
    user_id: int
    is_admin: bool
    sees_all: bool
    lang: str  # ru | en


class Signer:
    """Signs sessions and links, and verifies them. Of a comma list of keys the first one signs and all verify."""

    def __init__(self, secret_key: str, lifetime: int = LIFETIME) -> None:
        keys = [key.strip() for key in secret_key.split(",") if key.strip()]
        self._serializer = URLSafeTimedSerializer(keys[::-1], salt="frame-session")
        self._links = URLSafeTimedSerializer(keys[::-1], salt="link")
        self._lifetime = lifetime

    def sign(self, session: Session) -> str:
        """Return the token for the page's meta tag."""
        return self._serializer.dumps(asdict(session))

    def verify(self, token: str) -> Session:
        """Return the session of a header. Raises Refused when it is missing, forged or too old."""
        try:
            return Session(**self._serializer.loads(token, max_age=self._lifetime))
        except (BadSignature, TypeError) as error:
            raise Refused(f"session: {type(error).__name__}") from error

    def sign_link(self, purpose: str, about: str = "") -> str:
        """Return the key of a link that an administrator of this server was given: what it is for, and for whom."""
        return self._links.dumps([purpose, about])

    def verify_link(self, purpose: str, key: str) -> str:
        """Return whom a link is about. Raises Refused when its key is forged, too old or for something else."""
        try:
            meant, about = self._links.loads(key, max_age=self._lifetime)
        except (BadSignature, TypeError, ValueError) as error:
            raise Refused(f"link: {type(error).__name__}") from error
        if meant != purpose:
            raise Refused("link: for something else")
        return str(about)
