"""The key of this device, which opens the file that holds the vault's keys here: where it comes from.

The first of these that is set up counts, and when it cannot be used, the next one is not tried in its place:

    NETTO_KEY_FILE                     a file of the owner alone; made where it is absent
    $CREDENTIALS_DIRECTORY/netto-key   a credential of a systemd service
    NETTO_KEY                          the key itself, for continuous integration; taken out of the environment
    the system's keyring               account `vault:<id of the vault>:device-kek`

As text it is 32 bytes in base64url without padding: 43 characters.
"""

from __future__ import annotations

import base64
import logging
import os
import re
import secrets
import stat
import threading
from dataclasses import dataclass, field
from pathlib import Path

from netto_tui.errors import Denied, Locked
from netto_tui.files import atomic_write
from netto_tui.security import keyring_store
from netto_tui.security.keyset import KEY_BYTES

FILE_VARIABLE = "NETTO_KEY_FILE"
FOLDER_VARIABLE = "CREDENTIALS_DIRECTORY"
CREDENTIAL = "netto-key"
KEY_VARIABLE = "NETTO_KEY"

VARIABLE = f"the variable {KEY_VARIABLE}"
KEYRING = "the keyring"
"""Two of the sources, in words."""

UNLOCK = "Run netto-tui keys unlock and enter the recovery code."
WITHOUT = f"Or do without a keyring: set {FILE_VARIABLE} to a file of yours, then netto-tui keys unlock."

OPEN_TO_OTHERS = (
    f"The key comes from the variable {KEY_VARIABLE}, which other processes may read. "
    f"That is for continuous integration; elsewhere use the keyring or {FILE_VARIABLE}."
)

_TEXT = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST = 200
_given: dict[str, str] = {}  # what NETTO_KEY was
_reading = threading.Lock()


@dataclass(frozen=True)
class DeviceKey:
    """32 bytes, and in words where they come from, such as `the keyring`."""

    key: bytes = field(repr=False)
    source: str


def account(vault_id: str) -> str:
    """The keyring's account for a vault."""
    return f"vault:{vault_id}:device-kek"


def source() -> str:
    """Where the key of this device would come from, in words; asks nothing and nobody."""
    if named := os.environ.get(FILE_VARIABLE):
        return f"the file {named}"
    if _credential() is not None:
        return "a credential of the service"
    if _given or os.environ.get(KEY_VARIABLE):
        return VARIABLE
    return KEYRING


def find(vault_id: str) -> DeviceKey | None:
    """The key, None where its place is in order and has none. Raises Locked where the place cannot be used.

    Takes up to keyring_store.SECONDS.
    """
    where = source()
    if named := os.environ.get(FILE_VARIABLE):
        text = _read_file(Path(named).expanduser().absolute(), strict=True)
    elif (credential := _credential()) is not None:
        text = _read_file(credential, strict=False)
    elif where == VARIABLE:
        text = _from_environment()
    else:
        try:
            text = keyring_store.read(account(vault_id))
        except Denied as error:
            raise Locked(error.message, remedy=f"Unlock or start the keyring, then try again. {WITHOUT}") from None
    return None if text is None else DeviceKey(_parse(text, where), where)


def find_or_make(vault_id: str) -> DeviceKey:
    """The key; a new one, kept and read back, where there is none. Raises Denied where none can be kept."""
    try:
        if (found := find(vault_id)) is not None:
            return found
        made = _text(secrets.token_bytes(KEY_BYTES))
        if named := os.environ.get(FILE_VARIABLE):
            atomic_write(Path(named).expanduser().absolute(), made.encode() + b"\n")
        else:
            keyring_store.keep(account(vault_id), made)
    except OSError as error:
        message = f"The key of this device cannot be written to {source()}: {error.strerror}."
        raise Denied(message, remedy=f"Name another file in {FILE_VARIABLE}.") from None
    except Denied as error:
        raise Denied(f"The key of this device cannot be kept. {error.message}", remedy=_REMEDY) from None
    kept = find(vault_id)
    if kept is None or kept.key != _parse(made, kept.source):
        raise Denied(f"The key of this device was not kept: {source()} read back something else.", remedy=_REMEDY)
    return kept


_REMEDY = (
    f"Set {FILE_VARIABLE} to the path of a file that only you can read; it is made where it is absent. "
    "Or choose plain replicas, which nothing seals."
)


def _credential() -> Path | None:
    folder = os.environ.get(FOLDER_VARIABLE)
    path = Path(folder) / CREDENTIAL if folder else None
    return path if path is not None and os.path.lexists(path) else None


def _from_environment() -> str:
    """The key in NETTO_KEY, which no child process gets after that."""
    with _reading:
        if found := os.environ.pop(KEY_VARIABLE, ""):
            if not _given:
                logging.getLogger(__name__).warning(OPEN_TO_OTHERS)
            _given[KEY_VARIABLE] = found
        return _given[KEY_VARIABLE]


def _read_file(path: Path, strict: bool) -> str | None:
    """The text of a key file, None where there is none. Raises Locked for one that others may read or change.

    strict: it is this user's alone. A service's credentials belong to root, and the system guards them.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        words = "it is a symbolic link" if path.is_symlink() else error.strerror
        raise Locked(f"The key file {path} cannot be read: {words}.", remedy="Name a plain file of yours.") from None
    try:
        if fault := _fault(os.fstat(file), strict):
            remedy = f"Make it yours alone (chmod 600), or name another file in {FILE_VARIABLE}."
            raise Locked(f"The key file {path} is not used: {fault}.", remedy=remedy)
        return os.read(file, _LONGEST).decode("ascii", "replace")
    finally:
        os.close(file)


def _fault(status: os.stat_result, strict: bool) -> str:
    """What speaks against a key file, "" for nothing."""
    if not stat.S_ISREG(status.st_mode):
        return "it is no plain file"
    if not strict:
        return ""
    if status.st_uid != os.getuid():
        return "it belongs to somebody else"
    if status.st_mode & 0o077:
        return "others may read or change it"
    if status.st_nlink != 1:
        return "it has a second name, a hard link"
    return ""


def _parse(text: str, where: str) -> bytes:
    text = text.strip()
    key = base64.urlsafe_b64decode(text + "=") if _TEXT.fullmatch(text) else b""
    if len(key) != KEY_BYTES or _text(key) != text:
        message = f"There is no key in {where}: a key is 43 letters, digits, dashes and underscores."
        raise Locked(message, remedy=f"Name another file in {FILE_VARIABLE}, or take this one away. {UNLOCK}")
    return key


def _text(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()
