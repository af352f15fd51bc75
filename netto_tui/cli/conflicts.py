"""`conflicts` and `resolve`: what was written apart, and a person's word on it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from netto_tui.cli import output
from netto_tui.cli.reading import SHORT, find_row, reveal_option
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.cli.writing import read_text
from netto_tui.errors import UsageError
from netto_tui.plural import many
from netto_tui.security.display import safe_line

if TYPE_CHECKING:
    from netto_tui.recovery.decisions import Decided
    from netto_tui.tui.picks import Choice, Row
    from netto_tui.tui.resolution import Resolution
    from netto_tui.tui.waiting import Waiting
    from netto_tui.vault.reader import Reader
    from netto_tui.vault.vault import Vault

Show = Callable[[str], str]
"""How a foreign text is shown: as it is, or with its credentials named."""


@command("conflicts", short_help="List what waits for a person's decision.")
@reveal_option
def conflicts(session: Session, reveal: bool) -> int:
    """List every item that has several versions, with all of them and what they came from.

    The conversation with the most work left comes first. The exit code is 1 when there is any.
    """
    from netto_tui.security.redact import mask

    show: Show = str if reveal else mask
    with session.open() as vault, vault.reader() as reader:
        found = [(waiting, row) for waiting in _waiting(vault, reader) for row in _rows(vault, reader, waiting)]
    if session.json:
        output.document({"conflicts": [_document(waiting, row, show) for waiting, row in found]})
    else:
        for waiting, row in found:
            _print(session, waiting, row, show)
        if not found:
            output.line("No conflicts.")
    return 1 if found else 0


@command("resolve", short_help="Decide a conflict.")
@click.option("--take", metavar="CHOICE", help="A replica's name, latest, both, base, or a revision.")
@click.option("--text", metavar="TEXT|-", help="Write this instead of any version.")
@click.option("--all", "everything", is_flag=True, help="Every conflict at once.")
@click.option("--dry-run", is_flag=True, help="Say what would be decided, and decide nothing.")
@click.argument("conversation", required=False)
@click.argument("item", required=False)
def resolve(
    session: Session,
    conversation: str | None,
    item: str | None,
    take: str | None,
    text: str | None,
    everything: bool,
    dry_run: bool,
) -> int:
    """Decide the conflicts of one ITEM, of a CONVERSATION, or --all of them.

    What is decided replaces every version, on every replica; each of them stays in the history.
    It is read back at once, and taken back with: netto-tui undo
    """
    from netto_tui.recovery.decisions import Decided
    from netto_tui.tui.conflict_rows import write_picks

    _check_request(conversation, item, take, text, everything)
    with session.open() as vault:
        chosen = _chosen_conflicts(vault, conversation, item)
        if not chosen:
            raise UsageError("There is no such conflict.", remedy="See: netto-tui conflicts")
        said = None if text is None else read_text(text)
        total = sum(len(state.conflicts) for state in chosen.values())
        decided = {name: _decide(state, take or "", said, one=item is not None) for name, state in chosen.items()}
        decided = {name: state for name, state in decided.items() if state.conflicts}
        done = Decided() if dry_run else write_picks(vault, *decided.values())
    left = total - sum(len(state.conflicts) for state in decided.values()) + done.left
    if session.json:
        output.document(_report(decided, done, left, dry_run))
    else:
        _say(decided, done, total, dry_run)
        if left:
            output.line(f"{left} have no version from {take}: they stay as they are.")
    return 1 if left else 0


def _check_request(
    conversation: str | None, item: str | None, take: str | None, text: str | None, everything: bool
) -> None:
    if everything == (conversation is not None):
        raise UsageError("It is not clear what to decide.", remedy="Name a conversation, or give --all.")
    if (take is None) == (text is None):
        raise UsageError("It is not clear how to decide.", remedy="Give either --take or --text.")
    if text is not None and item is None:
        raise UsageError("A text is for one item.", remedy="Name the item: netto-tui conflicts lists them.")


def _waiting(vault: Vault, reader: Reader) -> list[Waiting]:
    from netto_tui.tui.waiting import read_waiting

    return read_waiting(reader, vault.path, limit=sys.maxsize - 1)[0]


def _rows(vault: Vault, reader: Reader, waiting: Waiting) -> list[Row]:
    from netto_tui.tui.conflict_rows import read_conflicts

    names = [item.item for item in waiting.items]
    return read_conflicts(vault, reader, waiting.conversation, names, whole=True)


def _chosen_conflicts(vault: Vault, conversation: str | None, item: str | None) -> dict[str, Resolution]:
    """What is to be decided, by conversation."""
    from netto_tui.tui.resolution import Resolution

    chosen = {}
    with vault.reader() as reader:
        name = "" if conversation is None else find_row(reader, conversation).conversation
        for waiting in _waiting(vault, reader):
            if name in ("", waiting.conversation):
                rows = _rows(vault, reader, waiting)
                if item is not None:
                    rows = [row for row in rows if row.item.startswith((item, f"m_{item}"))]
                    rows = [row for row in rows if row.item == item] or rows
                if rows:
                    chosen[waiting.conversation] = Resolution(rows)
    return chosen


def _decide(state: Resolution, take: str, said: str | None, *, one: bool) -> Resolution:
    """What is decided of some conflicts, without those that the choice does not fit; a single one has to fit."""
    from netto_tui.tui.resolution import Resolution

    for row in state.conflicts:
        try:
            _pick(state, row, take, said)
        except UsageError:
            if one:
                raise
    return Resolution([row for row in state.conflicts if row.item in state.picks], state.picks)


def _pick(state: Resolution, row: Row, take: str, said: str | None) -> None:
    """Pick what was asked for. Raises UsageError when it is none of the versions."""
    problem = ""
    if said is not None:
        problem = state.take_edit(row, said)
    elif take == "latest":
        alive = [choice for choice in row.choices if not choice.deleted]
        state.take_revision(row, (alive or list(row.choices))[-1].revision)
    elif take == "both":
        problem = state.take_both(row)
    elif take == "base":
        problem = state.take_base(row)
    else:
        state.take_revision(row, _named(row, take).revision)
    if problem:
        raise UsageError(problem, remedy="See the versions: netto-tui conflicts.")


def _named(row: Row, take: str) -> Choice:
    """The version from a place, or of a name; of several from one place the latest."""
    by_label = [choice for choice in row.choices if take in choice.labels]
    by_place = [choice for choice in row.choices if take in choice.places]
    by_name = [choice for choice in row.choices if len(take) >= 6 and choice.revision.startswith(take)]
    found = by_label or by_place or (by_name if len(by_name) == 1 else [])
    if found:
        return found[-1]
    known = sorted({label for choice in row.choices for label in choice.labels})
    raise UsageError(
        f"No version of this item is named {take!r}.",
        remedy=f"Take latest, both, base, {', '.join(known)}, or a revision from: netto-tui conflicts.",
    )


def _report(decided: dict[str, Resolution], done: Decided, left: int, dry_run: bool) -> dict[str, Any]:
    written = {(record.rev.conversation, record.rev.item): record.id for record in done.records}
    resolved = []
    for conversation, state in decided.items():
        for row in state.conflicts:
            entry = {"conversation": conversation, "item": row.item, "versions": len(row.choices)}
            revision = written.get((conversation, row.item))
            resolved.append(entry | ({"revision": revision} if revision else {}))
    places: dict[str, dict[str, int]] = {}
    for state in decided.values():
        for label, count in state.count_places().items():
            place = places.setdefault(label, dict.fromkeys(count._fields, 0))
            for name, number in count._asdict().items():
                place[name] += number
    return {"resolved": resolved, "left": left, "dry_run": dry_run, "places": places, "undo": done.undo}


def _say(decided: dict[str, Resolution], done: Decided, total: int, dry_run: bool) -> None:
    rows = [row for state in decided.values() for row in state.conflicts]
    aside = sum(len(row.choices) for row in rows)
    if dry_run:
        output.line(f"Would decide {len(rows)} of {many(total, 'conflict')}.")
        output.line(f"{many(aside, 'version')} would leave the view and stay in the history.")
    else:
        output.line(f"Decided {len(rows)} of {many(total, 'conflict')}; read back and verified.")
        if done.undo:
            output.line(f"To take it back: netto-tui undo {done.undo}")


def _document(waiting: Waiting, row: Row, show: Show) -> dict[str, Any]:
    from netto_tui.model.conversation import body_text

    return {
        "conversation": waiting.conversation,
        "title": show(waiting.title),
        "item": row.item,
        "message": row.number or None,
        "kind": row.conflict,
        "role": row.role,
        "base": None if row.base_whole is None else show(body_text(row.base_whole)),
        "heads": [
            {
                "revision": choice.revision,
                "replica": ",".join(choice.places),
                "column": ",".join(choice.labels),
                "at": choice.at,
                "by": choice.by,
                "deleted": choice.deleted,
                "text": show(choice.text),
            }
            for choice in row.choices
        ],
    }


def _print(session: Session, waiting: Waiting, row: Row, show: Show) -> None:
    output.line(output.strong(safe_line(show(waiting.title)) or waiting.conversation))
    output.line(output.faint(f"{waiting.conversation[:SHORT]}  {safe_line(row.item)}  {row.conflict}"))
    for choice in row.choices:
        facts = (choice.revision[:SHORT], ", ".join(choice.labels), session.local(choice.at), choice.by)
        output.line("  " + output.faint(safe_line("  ".join(facts))))
        output.foreign(show(choice.text) or "(deleted)", indent="    ")
    output.line()
