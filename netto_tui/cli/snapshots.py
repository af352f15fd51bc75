"""`snapshots`: how a replica was on earlier days, and what differs from now."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

import click

from netto_tui.cli import diagnostics, output
from netto_tui.cli.recovering import tell_progress
from netto_tui.cli.restoring import moment_of, open_one
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.cli.syncing import cancelling
from netto_tui.errors import UsageError
from netto_tui.plural import many

if TYPE_CHECKING:
    import threading

    from netto_tui.recovery.differences import Difference, ItemDifference
    from netto_tui.recovery.reading import AsOf
    from netto_tui.recovery.snapshots import Snapshot
    from netto_tui.replicas.base import Replica
    from netto_tui.vault.vault import Vault

SIGNS = {"same": "=", "changed": "~", "removed": "-", "added": "+"}


@command("snapshots", short_help="List earlier states of a Git replica; compare one with now.")
@click.argument("replica")
@click.option(
    "--as-of",
    "as_of",
    metavar="DATE|ID",
    help="Say what differs between now and the end of that day, or the snapshot with that time or id.",
)
@click.option("--conversation", metavar="ID", help="Only those in which it changed; with --as-of, its messages.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="List no more than these.")
def snapshots(session: Session, replica: str, as_of: str | None, conversation: str | None, limit: int) -> None:
    """List the earlier states of a REPLICA that keeps a history, newest first, or compare one with now.

    Several of one second differ by their ids; any beginning that only one id has will do.
    To read one whole: netto-tui restore --from REPLICA --as-of DATE --to DIR, then netto-tui --vault DIR list.
    """
    described = session.load_config().replica(replica)
    when = None if as_of is None else moment_of(session, as_of, there=True)
    with session.open() as vault, cancelling() as cancel, open_one(vault.path, vault.id, described, cancel) as opened:
        try:
            then = when(opened) if when else None
            if then is None:
                _tell_list(session, opened, conversation, limit)
            elif conversation is None:
                _tell_differences(session, vault, opened, then, limit, cancel)
            else:
                _tell_messages(session, vault, opened, conversation, then)
        finally:
            diagnostics.progress("")


def _tell_list(session: Session, replica: Replica, conversation: str | None, limit: int) -> None:
    from netto_tui.recovery.snapshots import snapshots as history

    found = list(islice(history(replica, conversation), limit))
    if session.json:
        output.document({"snapshots": [_snapshot(one) for one in found]})
        return
    rows = [(session.local(one.at), one.by, _count(one), one.message, one.short_id) for one in found]
    output.table(rows, heads=("when", "by", "changed", "what it says", "id"), grow=3)
    if not found:
        output.line("There is no snapshot: nothing was written there yet.")


def _snapshot(one: Snapshot) -> dict[str, object]:
    return {"id": one.id, "at": one.at, "by": one.by, "changed": one.changed, "message": one.message}


def _count(one: Snapshot) -> str:
    return "?" if one.changed is None else str(one.changed)


def _tell_differences(
    session: Session, vault: Vault, replica: Replica, as_of: AsOf, limit: int, cancel: threading.Event
) -> None:
    from netto_tui.recovery.differences import differences
    from netto_tui.recovery.snapshots import opened_snapshot

    with opened_snapshot(vault, replica, as_of, listener=tell_progress, cancel=cancel) as then:
        found = differences(then, vault)
    diagnostics.progress("")
    if session.json:
        output.document({"differences": [_difference(one) for one in found[:limit]], "total": len(found)})
        return
    rows = [
        (SIGNS[one.kind], session.local(one.started), one.conversation, one.title, f"{one.then} -> {one.now}")
        for one in found[:limit]
    ]
    output.table(rows, heads=("", "began", "conversation", "title", "messages"), grow=3)
    output.line(f"{many(len(found), 'conversation')} say something else now: + new since, - gone since, ~ changed.")


def _difference(one: Difference) -> dict[str, object]:
    messages = {"then": one.then, "now": one.now}
    return {
        "conversation": one.conversation,
        "kind": one.kind,
        "title": one.title,
        "started": one.started or None,
        "messages": messages,
    }


def _tell_messages(session: Session, vault: Vault, replica: Replica, conversation: str, as_of: AsOf) -> None:
    from netto_tui.recovery.snapshots import compared
    from netto_tui.vault.writing import existing

    with suppress(UsageError):  # it may be there alone, and be given whole
        conversation = existing(vault, conversation)
    found = compared(vault, replica, conversation, as_of)
    if not found:
        raise UsageError(f"There is no conversation {conversation} there.", remedy="See: netto-tui list.")
    if session.json:
        output.document({"messages": [_message(one) for one in found]})
        return
    for one in found:
        output.line(f"{SIGNS[one.kind]} {one.role}  {session.local(one.at)}".rstrip())
        if one.kind == "same":
            continue
        for sign, text in (("-", one.then), ("+", one.now)):
            if text is not None:
                output.foreign(_masked(text), indent=f"  {sign} ")


def _message(one: ItemDifference) -> dict[str, object]:
    return {
        "item": one.item,
        "kind": one.kind,
        "role": one.role,
        "at": one.at or None,
        "then": one.then if one.then is None else _masked(one.then),
        "now": one.now if one.now is None else _masked(one.now),
    }


def _masked(text: str) -> str:
    from netto_tui.security.redact import mask

    return mask(text)
