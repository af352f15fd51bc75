"""What `init` and `restore` ask about keys: the code of a vault that is joined, or that of a new one, typed back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from netto_tui.cli import diagnostics
from netto_tui.cli.key_holding import with_secret
from netto_tui.cli.session import Session
from netto_tui.security.secret import Secret

if TYPE_CHECKING:
    from netto_tui.setup.sealing import NewKeys

T = TypeVar("T")


def with_code(session: Session, code_stdin: bool, action: Callable[[Secret | None], T]) -> T:
    """What an action makes of no code, or else of the recovery code or passphrase of a sealed vault.

    A person is asked only where it is needed. Raises CodeNeeded where nobody can be asked.
    """
    from netto_tui.cli.setup import may_ask
    from netto_tui.setup.sealing import CodeNeeded

    question = "Its recovery code, or a passphrase (it does not show)"
    if code_stdin:
        return with_secret(session, question, True, action)
    try:
        return action(None)
    except CodeNeeded as error:
        if not may_ask(session):
            raise
        diagnostics.note(error.message)
    return with_secret(session, question, False, action)


def hand_over(session: Session, made: NewKeys) -> None:
    """Show the recovery code of new keys, and have it typed back: only then is it sure that somebody has it."""
    from netto_tui.cli.setup import may_ask
    from netto_tui.setup.sealing import confirm

    if not may_ask(session):
        diagnostics.note(
            "The setup is not finished: nobody has the recovery code yet, and without it everything sealed is lost with"
            " this device.\nPrint it: netto-tui keys kit -o kit.txt; then type it back: netto-tui keys confirm"
        )
        return
    diagnostics.note(
        f"\nRecovery code   {made.code.text.reveal()}\n\n"
        "It opens what is sealed, together with any replica, when this device is gone. Without both nobody can.\n"
        "Write it down, or print the whole kit now: netto-tui keys kit -o kit.txt\n"
    )
    question = "Type the recovery code back (it does not show)"
    with_secret(session, question, False, lambda typed: confirm(session.path, made, typed))
    diagnostics.note("That is it. Keep it away from this machine.\n")
