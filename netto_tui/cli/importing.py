"""`import`: conversations from where assistants keep them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netto_tui.cli import diagnostics, output
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.cli.syncing import cancelling
from netto_tui.errors import UsageError
from netto_tui.plural import many

if TYPE_CHECKING:
    from netto_tui.capture.ingest import Imported, ImportProgressed

SHOWN = 10
"""Skipped records that are listed for people; --json has them all."""


@command("import", short_help="Bring conversations in.")
@click.option("--from", "source", metavar="SOURCE", help="Take the paths as this kind of source.")
@click.option("--workspace", default="", metavar="NAME", help="A lasting name for a workspace that may move.")
@click.option("--watch", is_flag=True, help="Look there again at every sync from now on.")
@click.option("--find", is_flag=True, help="Show where conversations lie on this machine, and bring in nothing.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def import_paths(
    session: Session, paths: tuple[Path, ...], source: str | None, workspace: str, watch: bool, find: bool
) -> int:
    """Bring in every conversation at some PATHS: files, databases, exports, or folders of them.

    What kind they are shows by itself. Sources are only read, and the same thing twice adds nothing.
    """
    if find:
        if paths or source or workspace or watch:
            raise UsageError("--find looks at the usual places.", remedy="Leave the paths and other options out.")
        return _find(session)
    if not paths:
        raise UsageError("Nothing is named.", remedy="Name a PATH; --find shows where conversations lie here.")
    from netto_tui.capture.ingest import ingest
    from netto_tui.vault import memory

    if watch and workspace:
        raise UsageError("A watched workspace goes by its own name.", remedy="Leave --workspace or --watch out.")
    paths = tuple(path.expanduser().absolute() if watch else path.expanduser() for path in paths)

    def tell(progress: ImportProgressed) -> None:
        diagnostics.progress(
            f"{many(progress.messages, 'message')}, {many(progress.added, 'new revision')}: {progress.path}"
        )

    with session.open() as vault, cancelling() as cancel:
        try:
            imported = ingest(vault, paths, source, tell, cancel, workspace=workspace)
        finally:
            diagnostics.progress("")
        for alert in memory.refresh(vault):
            diagnostics.note(alert)
    for warned in imported.warned:
        diagnostics.note(f"{warned.path}: {warned.detail}")
    if watch:
        _remember(session, paths, source or "")
    _print(session, imported)
    return 0 if imported.conversations else 1


def _find(session: Session) -> int:
    """Tell where conversations lie here; 1 where there are none."""
    import os
    from datetime import UTC, datetime

    from netto_tui.capture.finding import spots

    def tell(place: Path) -> None:
        diagnostics.progress(f"Looking at {place}")

    with cancelling() as cancel:
        found = list(spots(Path.home(), os.environ, tell, cancel))
    diagnostics.progress("")
    written = [datetime.fromtimestamp(each.newest, UTC) for each in found]
    if session.json:
        rows = [
            {
                "title": each.title,
                "path": str(each.path),
                "files": each.files,
                "bytes": each.bytes,
                "newest": at.isoformat(timespec="seconds").replace("+00:00", "Z"),
                "lasting": each.lasting,
                "readable": each.readable,
            }
            for each, at in zip(found, written, strict=True)
        ]
        output.document({"places": rows})
    elif not found:
        output.line("Nothing was found in the usual places. Name a path: netto-tui import PATH")
    else:
        output.table(
            [
                (
                    each.title,
                    each.files,
                    each.bytes,
                    f"{at:%Y-%m-%d}",
                    "" if each.readable else "not read yet",
                    each.path,
                )
                for each, at in zip(found, written, strict=True)
            ],
            heads=("Found", "Files", "Bytes", "Written", "", "Where"),
        )
        output.line("Bring one in, and look there again at every sync: netto-tui import --watch PATH")
    return 0 if found else 1


def _remember(session: Session, paths: tuple[Path, ...], kind: str) -> None:
    """Add paths to the sources that are looked at again; one that is there already is not added twice."""
    from dataclasses import replace

    from netto_tui import config

    settings = session.load_config(may_be_new=True)
    known = {source.path for source in settings.sources}
    fresh = [config.SourceConfig(str(path), kind) for path in dict.fromkeys(paths) if str(path) not in known]
    if fresh:
        config.save(session.config_path, replace(settings, sources=(*settings.sources, *fresh)))


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
        f"{many(imported.conversations, 'conversation')} with {many(imported.messages, 'message')},"
        f" {many(imported.added, 'new revision')}."
    )
    for one in imported.skipped[:SHOWN]:
        output.foreign(f"skipped {one.path}{f':{one.line}' if one.line else ''}: {one.reason}")
    if len(imported.skipped) > SHOWN:
        output.line(f"{len(imported.skipped) - SHOWN} more were skipped; --json lists them all.")
