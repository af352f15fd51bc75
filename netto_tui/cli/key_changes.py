"""The commands of `keys` that change something: a passphrase more, a rotation, keys on a device without them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netto_tui.cli import diagnostics, output
from netto_tui.cli.key_holding import fetch_slots, load, piped, sealed_replicas, spread, vault_id, with_secret
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.errors import Denied, InvalidRecord, NettoError, Refused, UsageError, WrongTarget
from netto_tui.plural import many
from netto_tui.security.secret import Secret

if TYPE_CHECKING:
    from netto_tui.security.keyset import KeySet
    from netto_tui.security.recovery_code import RecoveryCode


@command("add-passphrase", short_help="Let a passphrase open the keys, beside the recovery code.")
@click.option(
    "--replace", "replaces", metavar="SLOT", default="", help="The slot of a former passphrase, to be dropped."
)
@piped("the passphrase")
def add_passphrase(session: Session, replaces: str, from_stdin: bool) -> None:
    """Let a passphrase open the keys, beside the recovery code.

    Whoever reads a sealed replica can try passphrases for as long as he likes, so take six or more words that
    dice chose. A passphrase that is replaced still opens what lies in a replica's history.
    """
    from netto_tui.security import rotation

    vault = vault_id(session)
    load(session, vault)
    typed = with_secret(session, "Passphrase (it does not show)", from_stdin, _checked)
    if not from_stdin and click.prompt("The same once more", hide_input=True, err=True) != typed.reveal():
        raise UsageError("The two are not the same.", remedy="Try again; nothing was changed.")
    with sealed_replicas(session) as (engine, replicas):
        spread(engine, replicas, {})
        put, least = partial(spread, engine, replicas), rotation.least_of(len(replicas))
        name = rotation.add_passphrase(session.path, vault, typed, put, replaces=replaces, least=least)
    if session.json:
        output.document({"slot": name, "dropped": [replaces] if replaces else []})
    else:
        output.line(f"The passphrase opens {name}." + (f" {replaces} is dropped." if replaces else ""))


def _checked(typed: Secret) -> Secret:
    from netto_tui.security.rotation import check_passphrase

    check_passphrase(typed)
    return typed


@command("rotate", short_help="Seal with a new key from now on.")
@click.option("--new-code", is_flag=True, help="With a new recovery code, after others may have seen the old one.")
def rotate(session: Session, new_code: bool) -> None:
    """Seal with a new key from now on; what is sealed stays readable, also after a crash at any moment.

    The new keys are first put on two replicas and read back. A slot of a passphrase needs that passphrase again:
    it is asked for at a terminal, else the slot is dropped. After a leak of the code or of a device, rotate with
    --new-code, move to a new repository and revoke the tokens: what was there before counts as read.
    """
    from netto_tui.security import custody, rotation

    vault = vault_id(session)
    load(session, vault)
    code = _new_code(session, vault) if new_code else None
    given = _passphrases(session)
    with sealed_replicas(session) as (engine, replicas):
        spread(engine, replicas, {})
        put, least = partial(spread, engine, replicas), rotation.least_of(len(replicas))
        done = rotation.rotate(session.path, vault, put, code=code, passphrases=given, least=least)
    if code is not None:
        custody.confirm(session.path, done.keys, code)
    for name in done.dropped:
        diagnostics.note(f"{name} is dropped: its passphrase was not given. To add one: netto-tui keys add-passphrase")
    if session.json:
        output.document({"current": done.keys.current, "replicas": done.replicas, "dropped": list(done.dropped)})
    else:
        output.line(f"Key {done.keys.current} seals from now on. Its slots lie on {many(done.replicas, 'replica')}.")


def _new_code(session: Session, vault: str) -> RecoveryCode:
    """A new recovery code, which a person has written down; that of a rotation that was interrupted, if it had one."""
    from netto_tui.cli.setup import may_ask
    from netto_tui.security import recovery_code, rotation

    if not may_ask(session):
        message = "A new recovery code has to be written down by a person."
        raise UsageError(message, remedy="Run this at a terminal and without --json.")
    code = rotation.staged_code(session.path, vault) or recovery_code.new_code()

    def check(typed: Secret) -> None:
        if recovery_code.parse(typed) != code:
            raise UsageError("That is another recovery code.", remedy="Type the new one.")

    output.line("The new recovery code. Write it down, and keep the old one until this command has ended well:")
    output.line(code.text.reveal())
    with_secret(session, "Type it back (it does not show)", False, check)
    return code


def _passphrases(session: Session) -> dict[str, Secret]:
    """The passphrases that a person gives for their slots."""
    from netto_tui.cli.setup import may_ask
    from netto_tui.security import custody, slots

    found = {}
    if may_ask(session):
        for name in (name for name, data in custody.slots(session.path).items() if data and name != slots.RECOVERY):
            question = f"Passphrase of {name} (it does not show; enter drops the slot)"
            typed = click.prompt(question, default="", show_default=False, hide_input=True, err=True)
            found[name] = Secret(typed)
    return {name: typed for name, typed in found.items() if typed}


@command("unlock", short_help="Enter the recovery code or a passphrase on a device without the keys.")
@click.option("--slot", type=click.Path(path_type=Path), metavar="FILE", help="A slot file, else those of the vault.")
@piped("the code or passphrase")
def unlock(session: Session, slot: Path | None, from_stdin: bool) -> None:
    """Enter the recovery code or a passphrase on a device that lost its keys, or never had them.

    The slots come from this vault's folder, else from its replicas. The keys are then kept for this device, in
    the keyring or, where NETTO_KEY_FILE is set, with that file.
    """

    vault = vault_id(session)
    question = "Recovery code or passphrase (it does not show)"
    found = with_secret(session, question, from_stdin, partial(_enroll, session, vault, slot))
    if session.json:
        output.document({"state": "ready", "fingerprint": found.fingerprint, "numbers": sorted(found.wrapping)})
    else:
        output.line(f"The keys {found.fingerprint} are on this device. Next: netto-tui sync")


def _enroll(session: Session, vault: str, slot: Path | None, typed: Secret) -> KeySet:
    """Open the first slots that can be opened, those here before those on replicas. Raises what the last ones say."""
    from netto_tui.security import custody

    failure: NettoError = Denied("There is no key slot to open.", remedy="Fetch one from a replica, and use --slot.")
    for slots in _slots_to_open(session, vault, slot):
        try:
            return custody.enroll(session.path, vault, slots, typed)
        except (Denied, InvalidRecord, Refused, WrongTarget) as error:
            failure = error
    raise failure


def _slots_to_open(session: Session, vault: str, slot: Path | None) -> Iterator[Mapping[str, bytes]]:
    from netto_tui.files import read_regular
    from netto_tui.security import custody
    from netto_tui.security.slots import RECOVERY, is_slot

    if slot is not None:
        yield {slot.name if is_slot(slot.name) else RECOVERY: read_regular(slot)}
        return
    if here := custody.slots(session.path):
        yield here
    with sealed_replicas(session) as (_, replicas):
        yield from fetch_slots(replicas, vault)
