"""What the commands of `keys` have in common: the keys, a secret that is typed or piped in, the sealed replicas."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netto_tui.cli import diagnostics
from netto_tui.cli.session import Session
from netto_tui.errors import Locked, UsageError
from netto_tui.security.secret import Secret

if TYPE_CHECKING:
    from netto_tui.replicas.base import Replica
    from netto_tui.security.keyset import KeySet
    from netto_tui.security.rotation import Put

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
def sealed_replicas(session: Session) -> Iterator[list[Replica]]:
    """The replicas that hold sealed records and key slots."""
    from netto_tui.cli.syncing import cancelling
    from netto_tui.sync.round import close_all, open_configured

    config = session.load_config()
    with session.open() as vault, cancelling() as cancel:
        replicas = [open_configured(vault, each, cancel) for each in config.replicas if not each.plain]
        try:
            yield replicas
        finally:
            close_all(replicas)


def take_over(session: Session, vault: str, replicas: list[Replica]) -> None:
    """What another device changed of keys and slots, before ours are put in their place."""
    from netto_tui.security import custody
    from netto_tui.sync import key_slots

    there = key_slots.fetch(replicas, vault)
    if there and there != custody.slots(session.path):
        custody.refresh(session.path, vault, there)


def spreading(vault: str, replicas: list[Replica]) -> tuple[Put, int]:
    """What puts slots on replicas and tells which failed, and how many of them have to have the slots."""
    from netto_tui.security.rotation import LEAST_REPLICAS
    from netto_tui.sync import key_slots

    def put(slots: Mapping[str, bytes]) -> int:
        done = key_slots.put(replicas, vault, slots)
        for name, error in done.items():
            if error is not None:
                diagnostics.note(f"{name}: {error}")
        return sum(error is None for error in done.values())

    return put, min(LEAST_REPLICAS, len(replicas))
