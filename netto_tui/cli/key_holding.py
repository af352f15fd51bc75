"""What the commands of `keys` have in common: the keys, a secret that is typed or piped in, the sealed replicas."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netto_tui.cli import diagnostics
from netto_tui.cli.session import Session
from netto_tui.errors import Locked, NettoError, UsageError
from netto_tui.security.secret import Secret

if TYPE_CHECKING:
    from netto_tui.replicas.base import Replica
    from netto_tui.security.keyset import KeySet
    from netto_tui.sync.engine import Engine

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

LONGEST = 10_000
"""Characters that are read of a secret."""


def piped(words: str) -> Callable[[F], F]:
    """The option that reads a secret from a pipe; none is ever an argument, which others could see."""
    return click.option("--stdin", "from_stdin", is_flag=True, help=f"Read {words} from standard input.")


def vault_id(session: Session) -> str:
    from netto_tui.vault.identity import load_identity

    return load_identity(session.path).vault


def load(session: Session, vault: str) -> KeySet:
    from netto_tui.security import custody

    return custody.load(session.path, vault)


def with_secret(session: Session, question: str, from_stdin: bool, action: Callable[[Secret], T]) -> T:
    """What an action makes of a secret that a person types, asked again after a slip, or that comes by a pipe.

    Raises Locked where nobody can be asked.
    """
    from netto_tui.cli.setup import may_ask

    if from_stdin:
        if sys.stdin.isatty():
            raise UsageError("--stdin is for a pipe.", remedy="Leave it out here; the command asks.")
        return action(Secret(sys.stdin.read(LONGEST).rstrip("\r\n")))
    if not may_ask(session):
        message = "Something secret has to be entered, and there is nobody to ask."
        raise Locked(message, remedy="Run this at a terminal, or pipe it in with --stdin.")
    while True:
        try:
            return action(Secret(click.prompt(question, hide_input=True, err=True)))
        except UsageError as error:
            diagnostics.note(str(error))


@contextmanager
def sealed_replicas(session: Session) -> Iterator[tuple[Engine, list[Replica]]]:
    """The replicas that hold sealed records and key slots, and what passes their gates."""
    from netto_tui.cli.syncing import cancelling, tell_alert
    from netto_tui.sync.journal import Journal
    from netto_tui.sync.round import close_all, new_engine, open_configured

    config = session.load_config()
    with session.open() as vault, cancelling() as cancel:
        journal = Journal(vault, tell_alert)
        replicas = [open_configured(vault, each, cancel) for each in config.replicas if not each.plain]
        try:
            yield new_engine(vault, config, journal), replicas
        finally:
            journal.flush()
            close_all(replicas)


def spread(engine: Engine, replicas: list[Replica], slots: Mapping[str, bytes]) -> int:
    """Put the slots of this vault on its replicas, after taking over what other devices changed; how many have them.

    slots: what each of them has to hold then. Which one fails is told, and why.
    """
    done = 0
    for each in replicas:
        try:
            engine.enter(each)
            there = each.slots()
        except NettoError as error:
            diagnostics.note(f"{each.name}: {error}")
            continue
        done += all(there.get(name, b"") == data for name, data in slots.items())
    return done


def fetch_slots(replicas: list[Replica], vault: str) -> Iterator[Mapping[str, bytes]]:
    """The slots of each replica of this vault that has any and answers; which one fails is told, and why."""
    for each in replicas:
        try:
            marker = each.probe().marker
            found = each.slots() if marker is not None and marker.vault == vault else {}
        except NettoError as error:
            diagnostics.note(f"{each.name}: {error}")
            continue
        if found:
            yield found
