"""`keys`: what opens sealed replicas, how it is kept, and what brings it back."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netto_tui.cli import output
from netto_tui.cli.key_changes import add_passphrase, rotate, unlock
from netto_tui.cli.key_conversion import convert
from netto_tui.cli.key_holding import load, piped, vault_id, with_secret
from netto_tui.cli.root import command, global_options
from netto_tui.cli.session import Session
from netto_tui.errors import Locked, UsageError
from netto_tui.plural import many
from netto_tui.security.secret import Secret

if TYPE_CHECKING:
    from netto_tui.security.kit import Kit

SIGNS = {"ok": "ok", "warn": "look", "bad": "BAD"}


@click.group("keys", short_help="Show, confirm, rotate and unlock the keys of sealed replicas; seal plain ones.")
@global_options
def keys() -> None:
    """Show, confirm, rotate and unlock the keys that open sealed replicas.

    The keys lie on this device, opened by a key in the keyring or in the file NETTO_KEY_FILE, and in a slot on
    each sealed replica, opened by the recovery code. Whoever loses both has no way back.
    """


@command("show", short_help="Say which keys there are, and who holds them.")
def show(session: Session) -> int:
    """Say which keys there are, where they lie and whether the recovery code was confirmed; never a secret."""
    from netto_tui.security import custody, device_key, heads, rotation

    vault = vault_id(session)
    slots = [name for name, data in custody.slots(session.path).items() if data]
    told: dict[str, object] = {"vault": vault, "source": device_key.source(), "slots": slots}
    try:
        found = custody.load(session.path, vault)
    except Locked as error:
        if session.json:
            output.document({**told, "state": "locked", "error": error.message, "remedy": error.remedy})
        raise
    told |= {
        "state": "ready",
        "fingerprint": found.fingerprint,
        "public": heads.text_of(found.public),
        "numbers": sorted(found.wrapping),
        "confirmed": custody.is_confirmed(session.path, found),
        "rotating": rotation.is_pending(session.path),
    }
    if session.json:
        output.document(told)
    else:
        _show(told)
    return 0


def _show(told: Mapping[str, object]) -> None:
    numbers = told["numbers"]
    assert isinstance(numbers, list)  # noqa: S101  # a statement for the type checker
    former = f", and {many(len(numbers) - 1, 'former one')} to read with" if len(numbers) > 1 else ""
    slots = told["slots"] if isinstance(told["slots"], list) else []
    output.table(
        [
            ("vault", told["vault"]),
            ("fingerprint", told["fingerprint"]),
            ("public key", told["public"]),
            ("sealing with", f"key {numbers[-1]}{former}"),
            ("this device", f"opened by {told['source']}"),
            ("slots", ", ".join(slots) or "none"),
            ("recovery code", "confirmed" if told["confirmed"] else "not confirmed"),
        ]
    )
    if not told["confirmed"]:
        output.line("Next: netto-tui keys kit prints the recovery code, netto-tui keys confirm asks for it.")
    if told["rotating"]:
        output.line("A rotation was interrupted: netto-tui keys rotate goes on with it.")


@command("kit", short_help="Print the recovery kit, with the code.")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), metavar="FILE", help=".txt, .svg or .png")
def kit(session: Session, target: Path | None) -> None:
    """Print the recovery kit: the code, what belongs to it, and how to restore with public tools alone.

    To a FILE that ends in .svg or .png goes the code alone, as a QR code.
    """
    from netto_tui.setup.kit import kit_of

    held = load(session, vault_id(session))
    with session.open() as vault:
        found = kit_of(vault, session.load_config(), held)
    if target is not None:
        _write_kit(found, target)
        output.document({"path": str(target)}) if session.json else output.line(f"The kit is in {target}.")
    elif session.json:
        output.document(
            {
                "vault": found.vault_id,
                "fingerprint": found.keys.fingerprint,
                "code": found.code.text.reveal(),
                "text": found.text(paper=True).reveal(),
            }
        )
    else:
        output.line(found.text(paper=not sys.stdout.isatty()).reveal())


def _write_kit(kit: Kit, target: Path) -> None:
    kind = target.suffix.lower()
    if kind == ".svg":
        data = kit.picture("svg")
    elif kind == ".png":
        data = kit.picture("png")
    elif kind == ".txt":
        data = kit.text(paper=True).reveal().encode()
    else:
        raise UsageError(f"No kit is made of the kind {kind or 'without an ending'}.", remedy="Use .txt, .svg or .png.")
    try:
        file = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise UsageError(f"{target} is there already.", remedy="Name a new file; nothing was written.") from None
    with os.fdopen(file, "wb") as opened:
        opened.write(data)


@command("confirm", short_help="Type the recovery code back, to prove that you have it.")
@piped("the code")
def confirm(session: Session, from_stdin: bool) -> None:
    """Type the recovery code back from the paper, to prove that you have it."""
    from netto_tui.security import custody, recovery_code

    held = load(session, vault_id(session))

    def check(typed: Secret) -> None:
        custody.confirm(session.path, held, recovery_code.parse(typed))

    with_secret(session, "Recovery code (it does not show)", from_stdin, check)
    output.document({"confirmed": True}) if session.json else output.line("The recovery code is confirmed.")


@command("check", short_help="Open what can be opened, and change nothing.")
def check(session: Session) -> int:
    """Open the keys and every slot that can be opened without asking, look at the keyring, and change nothing.

    The exit code is 4 where the keys are locked, 1 where something else is wrong.
    """
    from netto_tui.security.examination import examine

    vault = vault_id(session)
    found = examine(session.path, vault)
    if session.json:
        rows = [{"name": one.name, "state": one.state, "detail": one.detail, "remedy": one.remedy} for one in found]
        output.document({"ok": all(one.state != "bad" for one in found), "checks": rows})
    else:
        output.table([(SIGNS[one.state], one.name, one.detail) for one in found])
        for one in found:
            if one.remedy and one.state != "ok":
                output.foreign(f"{one.name}: {one.remedy}")
    if any(one.name == "keys" and one.state == "bad" for one in found):
        return Locked.exit_code
    return int(any(one.state == "bad" for one in found))


for each in (show, kit, confirm, check, add_passphrase, rotate, unlock, convert):
    keys.add_command(each)
