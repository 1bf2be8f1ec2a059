"""The short session of a frame: a signed token that every request of our page carries in a header.

Signs and verifies; keeps nothing. Cookies do not arrive inside the frame, and a header also ends CSRF. It says who somebody is;
what he may is looked up at every request (`rights.find_viewer`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from itsdangerous import BadSignature, URLSafeTimedSerializer

from b24app.errors import Refused
from b24app.keys import KeyRing

HEADER = "X-App-Session"
LIFETIME = 3600  # seconds
LONGEST = 12 * 3600.0  # seconds for which answers renew it: then the frame is opened, and proven, anew
# What a link is for: a webhook's page, a portal's pages, new access to a portal.
CONNECT, OPEN, RENEW = "connect", "open", "renew"


@dataclass(frozen=True)
class Session:
    """Who looks at the frame, in which portal."""

    member_id: str
    user_id: int
    is_admin: bool
    lang: str  # ru | en
    since: float = field(default=0.0, compare=False)  # unix seconds of the proof; 0: a link of the server's administrator


class Signer:
    """Signs sessions and links, and verifies them. Of the keys on the ring the first one signs and all verify."""

    def __init__(self, ring: KeyRing | str, lifetime: int = LIFETIME, now: Callable[[], float] = time.time) -> None:
        self._ring = KeyRing(ring) if isinstance(ring, str) else ring
        self._lifetime = lifetime
        self.now = now

    def serializer(self, salt: str) -> URLSafeTimedSerializer:
        """Return what signs and verifies for one purpose, by the keys as they are now."""
        return URLSafeTimedSerializer(list(self._ring.keys()[::-1]), salt=salt)

    def sign(self, session: Session) -> str:
        """Return the token for the page's meta tag."""
        return self.serializer("frame-session").dumps(asdict(session))

    def verify(self, token: str) -> Session:
        """Return the session of a header. Raises Refused when it is missing, forged or too old."""
        try:
            session = Session(**self.serializer("frame-session").loads(token, max_age=self._lifetime))
        except (BadSignature, TypeError) as error:
            raise Refused(f"session: {type(error).__name__}") from error
        if session.since and self.now() - session.since > LONGEST:
            raise Refused("session: to be proven anew")
        return session

    def sign_link(self, purpose: str, about: str = "") -> str:
        """Return the key of a link that an administrator of this server was given: what it is for, and for whom."""
        return self.serializer("link").dumps([purpose, about])

    def verify_link(self, purpose: str, key: str) -> str:
        """Return whom a link is about. Raises Refused when its key is forged, too old or for something else."""
        try:
            meant, about = self.serializer("link").loads(key, max_age=self._lifetime)
        except (BadSignature, TypeError, ValueError) as error:
            raise Refused(f"link: {type(error).__name__}") from error
        if meant != purpose:
            raise Refused("link: for something else")
        return str(about)
