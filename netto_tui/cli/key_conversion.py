"""`keys convert`: a replica that lies there for all to read is sealed, or the other way round."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from netto_tui.cli import diagnostics, output
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.errors import Locked, UsageError
from netto_tui.plural import many

if TYPE_CHECKING:
    from netto_tui.config import Config, ReplicaConfig
    from netto_tui.sync.conversion import Converted

HISTORY = (
    "What was there unsealed stays in the history of the repository, for whoever can read it. Only a new repository is"
    " rid of it: netto-tui init --replica NAME={kind}:NEW-PLACE, then netto-tui sync, then delete the old one."
)


@command("convert", short_help="Seal a plain replica in place, or unseal one.")
@click.argument("replica")
@click.option("--to-plain", is_flag=True, help="Unseal it instead, for all to read who can reach the place.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--code-stdin", is_flag=True, help="Read the recovery code, where it is needed, from standard input.")
def convert(session: Session, replica: str, to_plain: bool, yes: bool, code_stdin: bool) -> None:
    """Seal a plain REPLICA in place, or with --to-plain unseal a sealed one.

    Everything is written in the new form and read back before anything of the old form is deleted. It may be
    interrupted at any moment: the same command goes on. Until it is done, other devices neither read nor write
    there; afterwards the same command on each of them changes their settings.

    A repository keeps its history: what was unsealed in it stays there. Only a new repository gets rid of that.
    """
    from netto_tui import config

    settings = session.load_config()
    configured = settings.replica(replica)
    _ask(session, configured, to_plain, yes)
    if not to_plain:
        _have_keys(session, settings, configured, code_stdin)
    done = _convert(session, settings, configured, to_plain)
    keeps_history = configured.kind in ("git", "github") and not to_plain
    if session.json:
        output.document(
            {
                "name": replica,
                "sealed": not config.load(session.config_path).replica(replica).plain,
                "conversations": done.conversations,
                "taken_in": done.taken_in,
                "deleted": done.deleted,
                "history": keeps_history,
            }
        )
        return
    form = "plain" if to_plain else "sealed"
    output.line(f"{replica} is {form}: {many(done.conversations, 'conversation')}, written and read back.")
    output.line(f"{many(done.deleted, 'file')} of its former content {'is' if done.deleted == 1 else 'are'} deleted.")
    if keeps_history:
        output.line(HISTORY.format(kind=configured.kind))
    output.line("On each other device: the same command, once.")


def _have_keys(session: Session, settings: Config, configured: ReplicaConfig, code_stdin: bool) -> None:
    """Have the keys here: those of this device, those that the slots of the replica hold, or new ones.

    The code of new ones is handed over first, since it is what opens the replica later.
    """
    from netto_tui.cli.key_holding import vault_id
    from netto_tui.cli.sealing import hand_over, with_code
    from netto_tui.security import custody
    from netto_tui.setup import joining
    from netto_tui.setup.sealing import have_keys

    vault = vault_id(session)
    slots: Mapping[str, bytes] = {}
    if not custody.has_keys(session.path):
        if sealed := [each.name for each in settings.replicas if not each.plain]:
            message = f"The keys of {', '.join(sealed)} are not on this device."
            raise Locked(message, remedy="Bring them here first: netto-tui keys unlock")
        marker, slots = joining.look_at(session.path, configured, threading.Event())
        joining.Whose({configured.name: marker}).check(vault, [configured])
    made = with_code(session, code_stdin, lambda code: have_keys(session.path, vault, slots, code))
    if made is not None:
        hand_over(session, made)


def _ask(session: Session, configured: ReplicaConfig, to_plain: bool, yes: bool) -> None:
    """Have a person say that it is meant."""
    from netto_tui.cli.beginning import PLAIN_WARNING
    from netto_tui.cli.setup import may_ask

    if to_plain:
        diagnostics.note(PLAIN_WARNING)
    elif configured.kind in ("git", "github") and configured.plain:
        diagnostics.note(HISTORY.format(kind=configured.kind))
    if yes:
        return
    if not may_ask(session):
        raise UsageError("Converting a replica has to be confirmed.", remedy="Add --yes. Nothing was changed.")
    words = "unsealed, for all to read who can reach it" if to_plain else "sealed"
    click.confirm(f"Is {configured.name} ({configured.kind} {configured.target}) to be {words}?", abort=True, err=True)


def _convert(session: Session, settings: Config, configured: ReplicaConfig, to_plain: bool) -> Converted:
    from netto_tui.cli.syncing import cancelling, tell_alert
    from netto_tui.sync.conversion import Conversion, alone
    from netto_tui.sync.journal import Journal
    from netto_tui.sync.round import close_all, load_keys, new_engine, open_configured

    wanted = replace(configured, plain=to_plain)
    with session.open() as vault, alone(session.path), cancelling() as cancel:
        journal = Journal(vault, tell_alert)
        old, new = (open_configured(vault, one, cancel) for one in (replace(wanted, plain=not to_plain), wanted))
        engine = new_engine(vault, settings, journal)
        trusted = configured.plain or to_plain
        try:
            done = Conversion(engine, old, new, lambda: load_keys(vault), trusted=trusted).run()
            _write_down(session, wanted)
            engine.run(new)
        finally:
            journal.flush()
            close_all([old, new])
    return done


def _write_down(session: Session, wanted: ReplicaConfig) -> None:
    """Have the settings, as they are now, say the new form."""
    from netto_tui import config

    settings = config.load(session.config_path)
    replicas = tuple(replace(one, plain=wanted.plain) if one.name == wanted.name else one for one in settings.replicas)
    config.save(session.config_path, replace(settings, replicas=replicas))
