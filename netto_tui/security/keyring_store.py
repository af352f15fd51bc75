"""The system's keyring: where secrets lie that no file and no command line should hold.

A keyring can be locked, absent, pretend to keep what it drops, keep it as plain text, or ask a
question on a screen that nobody sees. So each call is bounded in time, what is written is read
back, and no text of a backend's error is passed on: it might tell the secret.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netto_tui.errors import Denied, UsageError
from netto_tui.security.bounded import Patience, TookTooLong

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "netto-tui"

SECONDS = 10.0
"""How long the keyring may take for one secret."""

PIECE = 600
"""Characters in a piece of a long secret: Windows takes 2,560 bytes of UTF-16 at most, 4 for some characters."""

UNLOCK = "Unlock the keyring, or answer what it asks, then try again."
WITHOUT = "Or do without it: set NETTO_GITHUB_TOKEN for GitHub, GOOGLE_APPLICATION_CREDENTIALS for Firestore."
INSTALL = "Install or start one, such as GNOME Keyring or KWallet, and log in to a desktop session."

_HEAD = "netto-tui in pieces "
_calls: Patience[object] = Patience("netto-keyring")


@dataclass(frozen=True)
class KeyringState:
    """How the keyring stands: its name, what is wrong with it ("" when it works), and what to do then."""

    backend: str
    fault: str = ""
    remedy: str = ""


def read(account: str) -> str | None:
    """The secret of an account, None where there is none. Raises Denied where the keyring cannot be used."""
    value = _bounded(lambda: _twice(lambda: _read(_backend(), account)), SECONDS)
    assert value is None or isinstance(value, str)  # noqa: S101  # a statement for the type checker
    return value


def keep(account: str, secret: str, seconds: float = SECONDS) -> None:
    """Store a secret and prove it by reading it back; what was there before is replaced.

    seconds: the limit; longer where a person sits before it, who may have to unlock the keyring.
    Raises Denied when it is not kept, UsageError for an empty secret.
    """
    if not secret:
        raise UsageError("There is nothing to keep: the secret is empty.", remedy="Enter it again.")
    _bounded(lambda: _write(_backend(), account, secret), seconds)


def forget(account: str) -> None:
    """Remove a secret, if it is there. Raises Denied where the keyring cannot be used."""
    _bounded(lambda: _forget(_backend(), account), SECONDS)


def look() -> KeyringState:
    """Try the keyring without changing it. Raises nothing."""
    name = "none"

    def attempt() -> None:
        nonlocal name
        import keyring

        name = str(keyring.get_keyring().name)
        backend = _backend()
        name = str(backend.name)
        _twice(lambda: backend.get_password(SERVICE, "doctor"))

    try:
        _bounded(attempt, SECONDS)
    except Denied as error:
        return KeyringState(name, error.message, error.remedy)
    return KeyringState(name)


def _bounded(action: Callable[[], object], seconds: float) -> object:
    """Run one action of the keyring. Raises Denied for whatever goes wrong in it, in our own words."""
    try:
        return _calls.call(action, seconds)
    except TookTooLong:
        message = f"The keyring did not answer within {seconds:.0f} s; it may be asking for its password."
        raise Denied(message, remedy=f"{UNLOCK} {WITHOUT}") from None
    except Denied:
        raise
    except Exception as error:
        raise _in_words(error) from None


def _in_words(error: Exception) -> Denied:
    from keyring import errors

    if isinstance(error, errors.NoKeyringError | ImportError):
        return Denied("This system has no keyring.", remedy=f"{INSTALL} {WITHOUT}")
    if isinstance(error, errors.KeyringLocked | errors.InitError):
        return Denied("The keyring is locked.", remedy=f"{UNLOCK} {WITHOUT}")
    message = f"The keyring cannot be used ({type(error).__name__})."
    return Denied(message, remedy=f"Look whether it runs, then try again. {WITHOUT}")


def _backend() -> KeyringBackend:
    """The backend to use. Raises Denied where every one of them drops secrets or leaves them open."""
    import keyring
    from keyring.backends.chainer import ChainerBackend

    chosen = keyring.get_keyring()
    several = list(chosen.backends) if isinstance(chosen, ChainerBackend) else [chosen]
    for each in several:
        if not _unfit(each):
            return each
    raise _unfit(several[0] if several else chosen) or Denied("The keyring has no backend.", remedy=INSTALL)


def _unfit(backend: KeyringBackend) -> Denied | None:
    """Why secrets do not go there, None when they may."""
    kind = type(backend)
    name = f"{kind.__module__}.{kind.__qualname__}"
    choose = "Take the setting PYTHON_KEYRING_BACKEND or keyring's own configuration back."
    if kind.__module__ == "keyring.backends.null":
        return Denied("The keyring is switched off: its null backend keeps nothing.", remedy=f"{choose} {WITHOUT}")
    if kind.__module__ == "keyring.backends.fail":
        return Denied("This system has no keyring.", remedy=f"{INSTALL} {WITHOUT}")
    if kind.__module__.startswith("keyrings.alt") or "plaintext" in name.lower():
        message = f"The keyring would write secrets into a file that protects nothing ({kind.__qualname__})."
        return Denied(message, remedy=f"{choose} {INSTALL} {WITHOUT}")
    return None


def _twice(action: Callable[[], str | None]) -> str | None:
    """Ask again after a failure: a keyring that died is started again by its first call."""
    from keyring.errors import KeyringError

    try:
        return action()
    except (KeyringError, OSError):
        return action()


def _read(backend: KeyringBackend, account: str) -> str | None:
    value = backend.get_password(SERVICE, account)
    if value is None or not value.startswith(_HEAD):
        return value
    pieces = [backend.get_password(SERVICE, name) for name in _piece_names(account, value)]
    whole = [piece for piece in pieces if piece is not None]
    if not whole or len(whole) < len(pieces):
        raise Denied(f"The keyring has only a part of “{account}”.", remedy="Enter it again: netto-tui init.")
    return "".join(whole)


def _piece_names(account: str, head: str) -> list[str]:
    """The accounts of the pieces that a head names: its tag is new with each writing."""
    tag, _, count = head.removeprefix(_HEAD).partition(" ")
    return [f"{account} {tag} {number}" for number in range(int(count))] if count.isdecimal() else []


def _write(backend: KeyringBackend, account: str, secret: str) -> None:
    before = backend.get_password(SERVICE, account)
    if secret.startswith(_HEAD) or not _put(backend, account, secret):
        head = _put_pieces(backend, account, secret) if len(secret) > PIECE or secret.startswith(_HEAD) else ""
        if not head or not _put(backend, account, head):
            _drop(backend, _piece_names(account, head))
            _put(backend, account, before) if before is not None else _drop(backend, [account])
            message = f"The keyring ({backend.name}) did not keep “{account}”: it read back as something else."
            raise Denied(message, remedy=f"Choose another keyring. {WITHOUT}")
    if before is not None and before.startswith(_HEAD):
        _drop(backend, _piece_names(account, before))


def _put(backend: KeyringBackend, account: str, text: str) -> bool:
    """Write and read back. A keyring that is locked or absent raises, every other failure is False."""
    from keyring.errors import InitError, KeyringLocked, NoKeyringError

    try:
        backend.set_password(SERVICE, account, text)
        return backend.get_password(SERVICE, account) == text
    except (InitError, KeyringLocked, NoKeyringError):
        raise
    except Exception:  # backends raise what their system does, such as for a text that is too long
        return False


def _put_pieces(backend: KeyringBackend, account: str, secret: str) -> str:
    """Write a long secret in pieces; the head that names them, "" when one was not kept."""
    pieces = [secret[start : start + PIECE] for start in range(0, len(secret), PIECE)]
    head = f"{_HEAD}{secrets.token_hex(4)} {len(pieces)}"
    names = _piece_names(account, head)
    if all(_put(backend, name, piece) for name, piece in zip(names, pieces, strict=True)):
        return head
    _drop(backend, names)
    return ""


def _forget(backend: KeyringBackend, account: str) -> None:
    head = backend.get_password(SERVICE, account) or ""
    _drop(backend, [account, *(_piece_names(account, head) if head.startswith(_HEAD) else [])])


def _drop(backend: KeyringBackend, accounts: list[str]) -> None:
    from keyring.errors import PasswordDeleteError

    for account in accounts:
        try:
            backend.delete_password(SERVICE, account)
        except PasswordDeleteError:
            continue  # it is not there, which is what is wanted
