"""`export`: conversations as files for other programs and for people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netto_tui import filing
from netto_tui.cli import diagnostics, output
from netto_tui.cli.reading import find_row, reveal_option
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.errors import UsageError

if TYPE_CHECKING:
    from netto_tui.filing import Form
    from netto_tui.vault.reader import Reader
    from netto_tui.vault.rows import ConversationRow
    from netto_tui.vault.vault import Vault


@command("export", short_help="Write conversations as files.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(filing.FORMS)),
    default="md",
    show_default=True,
    help="native: the records themselves, a line each, as the vault has them; such with credentials in them"
    " are only written with --reveal-secrets.",
)
@click.option(
    "-o", "--output", "target", required=True, metavar="PATH", help="A folder (a file each), a file, or - for stdout."
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@reveal_option
@click.argument("conversations", nargs=-1)
def export(
    session: Session, conversations: tuple[str, ...], form: Form, target: str, force: bool, reveal: bool
) -> None:
    """Write CONVERSATIONS, or all of them, as Markdown, JSON, HTML or records.

    PATH is a folder when it is one, when it ends with a slash, or when there are several conversations.
    """
    with session.open() as vault, vault.reader() as reader:
        rows = list(_rows(reader, conversations))
        if not rows:
            raise UsageError("There is nothing to export.", remedy="See: netto-tui list")
        if target == "-":
            if form == "native" and not reveal:
                filing.check_native(vault, rows)
            _to_stdout(vault, reader, rows, form, reveal)
            return
        folder = len(rows) > 1 or target.endswith("/")
        planned = filing.plan(vault, rows, Path(target), form, revealed=reveal, folder=folder)
        if planned.taken and not force:
            raise UsageError(f"{planned.taken[0]} is there already.", remedy="Choose another place, or give --force.")
        written = list(filing.write(vault, reader, planned))
    if session.json:
        output.document({"files": [str(path) for path in written], "conversations": len(rows)})
    else:
        diagnostics.note(f"Wrote {len(written)} file{'s' * (len(written) != 1)} to {Path(target)}.")


def _rows(reader: Reader, conversations: tuple[str, ...]) -> Iterator[ConversationRow]:
    """The conversations asked for, else every one."""
    from netto_tui.model.query import Query

    for name in conversations:
        yield find_row(reader, name)
    offset = 0
    while not conversations and (page := reader.conversations(Query(), offset, filing.PAGE)):
        yield from page
        offset += filing.PAGE


def _to_stdout(vault: Vault, reader: Reader, rows: list[ConversationRow], form: Form, reveal: bool) -> None:
    if form == "html" and len(rows) > 1:
        raise UsageError("Several pages do not fit into one stream.", remedy="Give -o a folder.")
    if form == "json" and len(rows) > 1:
        from netto_tui.export import transcript

        output.document({"conversations": [transcript(row, filing.shown(reader, row, reveal)) for row in rows]})
        return
    for row in rows:
        for piece in filing.pieces(vault, reader, row, form, reveal):
            output.raw(piece)
