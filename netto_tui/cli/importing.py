"""`import`: conversations from where assistants keep them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netto_tui.cli import diagnostics, output
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.cli.syncing import cancelling

if TYPE_CHECKING:
    from netto_tui.capture.ingest import Imported, ImportProgressed

SHOWN = 10
"""Skipped records that are listed for people; --json has them all."""


@command("import", short_help="Bring conversations in.")
@click.option("--from", "source", metavar="SOURCE", help="Take the paths as this kind of source.")
@click.option("--workspace", default="", metavar="NAME", help="A lasting name for a workspace that may move.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
def import_paths(session: Session, paths: tuple[Path, ...], source: str | None, workspace: str) -> int:
    """Bring in every conversation at some PATHS: files, databases, exports, or folders of them.

    What kind they are shows by itself. Sources are only read, and the same thing twice adds nothing.
    """
    from netto_tui.capture.ingest import ingest
    from netto_tui.vault import memory

    def tell(progress: ImportProgressed) -> None:
        diagnostics.progress(f"{progress.messages} messages, {progress.added} new revisions: {progress.path}")

    with session.open() as vault, cancelling() as cancel:
        try:
            imported = ingest(vault, [path.expanduser() for path in paths], source, tell, cancel, workspace=workspace)
        finally:
            diagnostics.progress("")
        for alert in memory.refresh(vault):
            diagnostics.note(alert)
    for warned in imported.warned:
        diagnostics.note(f"{warned.path}: {warned.detail}")
    _print(session, imported)
    return 0 if imported.conversations else 1


def _print(session: Session, imported: Imported) -> None:
    if session.json:
        output.document(
            {
                "conversations": imported.conversations,
                "messages": imported.messages,
                "added": imported.added,
                "skipped": [{"path": one.path, "line": one.line, "reason": one.reason} for one in imported.skipped],
                "warnings": [{"path": one.path, "code": one.code, "detail": one.detail} for one in imported.warned],
            }
        )
        return
    output.line(
        f"{imported.conversations} conversations with {imported.messages} messages, {imported.added} new revisions."
    )
    for one in imported.skipped[:SHOWN]:
        output.foreign(f"skipped {one.path}{f':{one.line}' if one.line else ''}: {one.reason}")
    if len(imported.skipped) > SHOWN:
        output.line(f"{len(imported.skipped) - SHOWN} more were skipped; --json lists them all.")
