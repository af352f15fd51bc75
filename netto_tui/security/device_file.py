"""The key set, sealed with the key of this device: a token as for a record, whose `rid` is the id of the vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netto_tui.errors import InvalidRecord
from netto_tui.security import keyset
from netto_tui.security.keyset import KeySet

if TYPE_CHECKING:
    from netto_tui.security.jwe import Tokens


_KIND = b"keys"


def seal_device_file(keys: KeySet, key: bytes, vault_id: str) -> bytes:
    """key: 32 bytes. vault_id: `v_` and 32 hex digits."""
    return _tokens(key, vault_id).seal(_KIND, _rid(vault_id), keys.encode())


def open_device_file(data: bytes, key: bytes, vault_id: str) -> KeySet:
    """The inverse of seal_device_file. Raises InvalidRecord for another key or vault, or where a bit was changed."""
    vault, content = _tokens(key, vault_id).open(_KIND, data)
    if vault != _rid(vault_id):
        raise InvalidRecord("The keys on this device are those of another vault.")
    return keyset.decode(content)


def _rid(vault_id: str) -> bytes:
    return vault_id.removeprefix("v_").encode()


def _tokens(key: bytes, vault_id: str) -> Tokens:
    from netto_tui.security.jwe import Tokens

    return Tokens(KeySet(vault_id.removeprefix("v_")[:8], {1: key}, b"", b""))
