"""`list`, `search` and `show`: what is in the vault."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from netto_tui.cli import output
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.filing import concealed, pages
from netto_tui.plural import many
from netto_tui.security.display import safe_line

if TYPE_CHECKING:
    from netto_tui.vault.reader import Reader
    from netto_tui.vault.rows import ConversationRow, MessageRow

QUERY_HELP = """\
\b
A query has words and "phrases" (its last word may be a beginning), and filters:
  on:2026-11-23  after:2026-11  before:yesterday  on:last week
  from:user  source:claude-code  title:word  tag:word
  is:conflict  is:pinned  is:archived  is:deleted  is:document  has:secret
"""

SHORT = 10
"""Characters of an id that are shown to people; commands take any beginning that only one id has."""

reveal_option = click.option("--reveal-secrets", "reveal", is_flag=True, help="Show credentials as they are.")
"""Without it, what is written names a credential instead of showing it."""

limit_option = click.option("--limit", type=click.IntRange(0), default=50, show_default=True, help="0 for all.")


@command("list", epilog=QUERY_HELP, short_help="List conversations, latest first.")
@limit_option
@click.argument("query", nargs=-1)
def list_conversations(session: Session, query: tuple[str, ...], limit: int) -> None:
    """List conversations that match a QUERY, latest first.

    With --json, `held` says for each replica whether it has a conversation: equal (read back and compared),
    absent, behind (as it was before a change here), different, withheld (not all of it), or unknown.
    """
    parsed = session.parse(" ".join(query))
    with session.reading() as reader:
        total = reader.count(parsed)
        rows = reader.conversations(parsed, 0, limit or total)
        if session.json:
            from netto_tui.vault.browsing import held

            how = held(reader, [row.conversation for row in rows])
            found = [{**_conversation(row), "held": how[row.conversation]} for row in rows]
            output.document({"conversations": found, "total": total})
            return
    output.table(
        [
            (session.local(row.started), row.title, row.messages, row.source, _marks(row), row.conversation[:SHORT])
            for row in rows
        ],
        heads=("started", "title", "messages", "source", "", "id"),
        grow=1,
    )
    _tell_rest(len(rows), total, "conversations")


@command("search", epilog=QUERY_HELP, short_help="Find messages, newest first.")
@limit_option
@reveal_option
@click.argument("query", nargs=-1, required=True)
def search(session: Session, query: tuple[str, ...], limit: int, reveal: bool) -> None:
    """Find messages that match a QUERY, newest first."""
    parsed = session.parse(" ".join(query))
    begun = time.perf_counter()
    with session.reading() as reader:
        hits = reader.search(parsed, limit or 1_000_000_000, reveal=reveal)
        total = len(hits) if not limit or len(hits) < limit else max(len(hits), reader.search_count(parsed))
    took_ms = round((time.perf_counter() - begun) * 1000, 1)
    if session.json:
        results = [
            {
                "conversation": hit.conversation,
                "item": hit.item,
                "at": hit.at or None,
                "role": hit.role,
                "title": hit.title,
                "snippet": hit.snippet,
            }
            for hit in hits
        ]
        output.document({"results": results, "total": total, "took_ms": took_ms})
        return
    for hit in hits:
        head = f"{session.local(hit.at)}  {hit.conversation[:SHORT]}  {hit.role or 'document'}  "
        output.line(output.faint(head) + output.strong(safe_line(hit.title)))
        output.foreign(safe_line(hit.snippet), indent="    ")
    _tell_rest(len(hits), total, "messages")


@command("show", short_help="Read a conversation.")
@click.option("--all", "everything", is_flag=True, help="Also what the source itself hides.")
@click.option(
    "--save", nargs=2, metavar="FILE PATH", help="Save a file of the ITEM, given by its name or number, to a new place."
)
@reveal_option
@click.argument("conversation")
@click.argument("item", required=False)
def show(
    session: Session,
    conversation: str,
    item: str | None,
    save: tuple[str, str] | None,
    everything: bool,
    reveal: bool,
) -> None:
    """Read a CONVERSATION, given by its id or the beginning of one; or of one ITEM in it all that is stored.

    Of an ITEM: every revision, which of them are heads, who made it and whence it came, and its files.
    With --save, one of its files is written to a PATH, or into a folder there; nothing is replaced.
    """
    from netto_tui.errors import UsageError

    if save is not None and item is None:
        raise UsageError("--save needs the ITEM that has the file.", remedy="See: netto-tui show CONVERSATION --json")
    with session.reading() as reader:
        row = find_row(reader, conversation)
        if item is not None and save is not None:
            from netto_tui.cli.stored import save_one

            save_one(session, reader, row.conversation, item, *save)
            return
        if item is not None:
            from netto_tui.cli.stored import show_item

            show_item(session, reader, row.conversation, item, reveal)
            return
        found = (message for message in pages(reader, row.conversation) if everything or not message.hidden)
        messages = (concealed(message, reveal) for message in found)
        if session.json:
            from netto_tui.export import transcript

            output.document(transcript(row, messages))
            return
        output.line(output.strong(safe_line(row.title) or "(no title)"))
        facts = [
            session.local(row.started).strip(),
            safe_line(row.source),
            many(row.messages, "message"),
            row.conversation,
        ]
        output.line(output.faint("  ".join(filter(None, facts))))
        for message in messages:
            _print_message(session, message)


def find_row(reader: Reader, conversation: str) -> ConversationRow:
    """A conversation, named by the beginning of its id. Raises UsageError for none or several."""
    from netto_tui.errors import UsageError

    whole = conversation if conversation.startswith("c_") else f"c_{conversation}"
    names = [whole] if reader.conversation(whole) else reader.beginning_with(whole)
    row = reader.conversation(names[0]) if len(names) == 1 else None
    if row is None:
        problem = "Several conversations begin" if names else "No conversation has an id that begins"
        raise UsageError(f"{problem} with “{conversation}”.", remedy="See: netto-tui list")
    return row


def find_item(reader: Reader, conversation: str, item: str) -> str:
    """The full id of an item from its beginning; one that is not shown has to be given whole.

    Raises UsageError when several begin so.
    """
    from netto_tui.errors import UsageError

    found = [row.item for row in pages(reader, conversation) if row.item.startswith((item, f"m_{item}"))]
    if item in found or not found:
        return item
    if len(found) > 1:
        raise UsageError(f"Several items begin with “{item}”.", remedy=f"See: netto-tui show {conversation[:SHORT]}")
    return found[0]


def _conversation(row: ConversationRow) -> dict[str, Any]:
    return {
        "conversation": row.conversation,
        "title": row.title,
        "started": row.started or None,
        "messages": row.messages,
        "source": row.source,
        "state": list(row.state),
        "conflicts": row.conflicts,
        "secrets": row.secrets,
        "tags": list(row.tags),
    }


def _marks(row: ConversationRow) -> str:
    conflicts = [many(row.conflicts, "conflict") if row.conflicts > 1 else "conflict"] if row.conflicts else []
    return ", ".join((*conflicts, *row.state, *["secret"] * row.secrets, *(f"#{tag}" for tag in row.tags)))


def _print_message(session: Session, message: MessageRow) -> None:
    who = message.author or message.role or "document"
    facts = [session.local(message.at).strip(), message.item[:SHORT] if message.kind == "message" else message.item]
    facts += ["other branch"] * (not message.branch) + [f"conflict: {message.conflict}"] * bool(message.conflict)
    facts += ["secret"] * message.secrets
    output.line()
    output.line(f"{output.strong(safe_line(who))}  {output.faint('  '.join(filter(None, map(safe_line, facts))))}")
    output.foreign(message.text, indent="  ")


def _tell_rest(shown: int, total: int, what: str) -> None:
    if not total:
        output.line(f"No {what}.")
    elif total > shown:
        output.line(output.faint(f"{shown} of {total} {what}; --limit 0 shows all."))
