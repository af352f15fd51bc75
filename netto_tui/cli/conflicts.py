"""`conflicts` and `resolve`: what was written apart, and a person's word on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netto_tui.cli import output
from netto_tui.cli.reading import SHORT, find_row, reveal_option
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.cli.writing import read_text
from netto_tui.errors import UsageError
from netto_tui.filing import PAGE
from netto_tui.security.display import safe_line

if TYPE_CHECKING:
    from netto_tui.model.revision import Body
    from netto_tui.vault.rows import ConflictRow
    from netto_tui.vault.vault import Vault
    from netto_tui.vault.writing import Head


@command("conflicts", short_help="List what waits for a person's decision.")
@reveal_option
def conflicts(session: Session, reveal: bool) -> int:
    """List every item that has several versions, with all of them.

    The exit code is 1 when there is any.
    """
    with session.open() as vault:
        found = [(row, _heads(vault, row)) for row in _all_conflicts(vault)]
    if session.json:
        output.document({"conflicts": [_document(row, heads, reveal) for row, heads in found]})
    else:
        for row, heads in found:
            _print(session, row, heads, reveal)
        if not found:
            output.line("No conflicts.")
    return 1 if found else 0


@command("resolve", short_help="Decide a conflict.")
@click.option("--take", metavar="CHOICE", help="A replica's name, latest, both, or a revision.")
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
    A decision over several is taken back with: netto-tui undo
    """
    from netto_tui.recovery.undo import keep_heads

    _check_request(conversation, item, take, text, everything)
    with session.open() as vault:
        chosen = _chosen_conflicts(session, vault, conversation, item)
        if not chosen:
            raise UsageError("There is no such conflict.", remedy="See: netto-tui conflicts")
        said = None if text is None else read_text(text)
        decided, left = [], 0
        for row in chosen:
            body = _decision(vault, row, take, said, skip_missing=item is None)
            if body is None:
                left += 1
            else:
                decided.append((row, body))
        if len(decided) > 1 and not dry_run:
            keep_heads(vault, "resolve", [(row.conversation, row.item) for row, _ in decided])
        records = [] if dry_run else [_resolve(vault, row, body) for row, body in decided]
    if session.json:
        output.document({"resolved": records or [_named(row) for row, _ in decided], "left": left, "dry_run": dry_run})
    else:
        output.line(f"{'Would decide' if dry_run else 'Decided'} {len(decided)} of {len(chosen)} conflicts.")
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


def _all_conflicts(vault: Vault) -> list[ConflictRow]:
    found: list[ConflictRow] = []
    with vault.reader() as reader:
        while page := reader.conflicts(len(found), PAGE):
            found.extend(page)
    return found


def _chosen_conflicts(session: Session, vault: Vault, conversation: str | None, item: str | None) -> list[ConflictRow]:
    rows = _all_conflicts(vault)
    if conversation is None:
        return rows
    with vault.reader() as reader:
        name = find_row(reader, conversation).conversation
    return [
        row
        for row in rows
        if row.conversation == name and (item is None or row.item == item or row.item.startswith((item, f"m_{item}")))
    ]


def _decision(vault: Vault, row: ConflictRow, take: str | None, said: str | None, skip_missing: bool) -> Body | None:
    """What an item shall say; None where the choice names none of its versions and others go on."""
    from netto_tui.vault import writing

    if said is not None:
        return writing.with_text(vault.item(row.conversation, row.item).value.body, said)
    try:
        return writing.chosen(_heads(vault, row), take or "")
    except UsageError:
        if not skip_missing:
            raise
        return None


def _resolve(vault: Vault, row: ConflictRow, body: Body) -> dict[str, Any]:
    from netto_tui.vault import writing

    record = writing.resolve(vault, row.conversation, row.item, body)
    return {**_named(row), "revision": record.id}


def _named(row: ConflictRow) -> dict[str, Any]:
    return {"conversation": row.conversation, "item": row.item}


def _heads(vault: Vault, row: ConflictRow) -> list[Head]:
    from netto_tui.vault import writing

    return writing.heads_of(vault, row.conversation, row.item)


def _text(head: Head, reveal: bool) -> str:
    """What a version says, with its credentials named unless a person asked to see them."""
    from netto_tui.security.redact import mask

    return head.text if reveal else mask(head.text)


def _document(row: ConflictRow, heads: list[Head], reveal: bool) -> dict[str, Any]:
    return {
        **_named(row),
        "heads": [
            {
                "revision": head.record.id,
                "replica": ",".join(head.replicas),
                "at": head.record.rev.at,
                "by": head.record.rev.by,
                "text": _text(head, reveal),
            }
            for head in heads
        ],
    }


def _print(session: Session, row: ConflictRow, heads: list[Head], reveal: bool) -> None:
    output.line(output.strong(safe_line(row.title) or row.conversation))
    output.line(output.faint(f"{row.conversation[:SHORT]}  {safe_line(row.item)}  {row.kind}"))
    for head in heads:
        facts = (
            head.record.id[:SHORT],
            ", ".join(head.replicas),
            session.local(head.record.rev.at),
            head.record.rev.by,
        )
        output.line("  " + output.faint(safe_line("  ".join(facts))))
        output.foreign(_text(head, reveal) or "(deleted)", indent="    ")
    output.line()
