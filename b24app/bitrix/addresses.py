"""May a host that a request names be asked at all? No address of this machine, of the local network, or of nobody.

Only for hosts that the settings do not name: what an administrator has written there is his own word.
"""

from __future__ import annotations

import ipaddress
import re
import socket

NAME = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
HTTPS = 443


def is_public(host: str) -> bool:
    """Tell whether a host is a name of the public network: no number, no port, and every address that it has is public."""
    if not NAME.fullmatch(host.lower()):
        return False
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, HTTPS, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(ipaddress.ip_address(address).is_global for address in found)
