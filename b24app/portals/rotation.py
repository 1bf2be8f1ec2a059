"""Changes the key that seals what we keep: every secret is sealed anew, and an old key is dropped only when nothing needs it.

Every step leaves files that open with the ring as it is then, so a process may be killed anywhere, and web and worker go on meanwhile:
they follow the key file. Knows nothing of the secrets' meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from b24app import keys
from b24app.errors import Mistaken

if TYPE_CHECKING:
    from b24app.portals.vault import Vault
    from b24app.store.settings import AppStore


@dataclass(frozen=True)
class Rotation:
    """What was done: was a key made, how many secrets were sealed anew, how many keys are on the ring."""

    is_made: bool
    sealed: int
    keys: int


def rotate(app_store: AppStore, vault: Vault) -> Rotation:
    """Put a new key in front and seal everything with it; one that was put there and not used to the end is used to the end.

    With the setting in place of the file nothing is made: the first key of the setting is the new one. Raises Mistaken when it is alone.
    """
    is_made = not list_stale(app_store, vault)
    if is_made:
        path = vault.ring.path
        if path is None and len(vault.ring.keys()) == 1:
            raise Mistaken(*_BY_SETTING)
        if path is None:
            is_made = False
        else:
            keys.write_file(path, (keys.make_key(), *vault.ring.parts()))
    return Rotation(is_made, seal_anew(app_store, vault), len(vault.ring.keys()))


def drop_old(app_store: AppStore, vault: Vault) -> Rotation:
    """Drop all keys but the first: frames that are open are opened again, links that were given end. Raises Mistaken without a file."""
    if vault.ring.path is None:
        raise Mistaken(*_DROP_BY_SETTING)
    sealed = seal_anew(app_store, vault)
    first, *others = vault.ring.parts()
    keys.write_file(vault.ring.path, (first, *(part if part.startswith(keys.DIGEST) else keys.only_digest(part) for part in others)))
    return Rotation(False, sealed, len(vault.ring.keys()))


def seal_anew(app_store: AppStore, vault: Vault) -> int:
    """Seal what an older key has sealed with the first one, all or nothing; return how many. Raises NotConfigured for what no key opens."""
    with app_store.write():
        stale = list_stale(app_store, vault)
        for member_id, name, sealed in stale:
            app_store.save_secret(member_id, name, vault.seal(vault.open(sealed)))
    return len(stale)


def list_stale(app_store: AppStore, vault: Vault) -> list[tuple[str, str, bytes]]:
    """Return (member_id, name, sealed) of what the first key has not sealed."""
    return [secret for secret in app_store.list_secrets() if not vault.is_fresh(secret[2])]


_BY_SETTING = (
    "The key comes from B24APP_SECRET_KEY. Put a new one in front of it, separated by a comma, restart, and give this command again.",
    "Ключ задан в B24APP_SECRET_KEY. Поставьте новый перед ним через запятую, перезапустите приложение и повторите команду.",
)
_DROP_BY_SETTING = (
    "The key comes from B24APP_SECRET_KEY: take the old ones out of it and restart. Tokens of outgoing webhooks that were given under "
    "them have to be given again.",
    "Ключ задан в B24APP_SECRET_KEY: уберите из неё старые ключи и перезапустите приложение. Токены исходящих вебхуков, заданные при "
    "них, нужно задать снова.",
)
