"""`restore` and `undo`: bringing back what was."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netto_tui.cli import diagnostics, output
from netto_tui.cli.recovering import LISTED, tell_progress
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.cli.syncing import cancelling
from netto_tui.errors import Cancelled, UsageError
from netto_tui.paths import Layout
from netto_tui.plural import many

if TYPE_CHECKING:
    import threading

    from netto_tui.config import ReplicaConfig
    from netto_tui.recovery.preview import Preview
    from netto_tui.recovery.reading import AsOf
    from netto_tui.recovery.restore import RestoreReport
    from netto_tui.replicas.base import Replica
    from netto_tui.vault.vault import Vault


@command("restore", short_help="Bring back everything, or some conversations, from one replica.")
@click.option(
    "--from", "source", required=True, metavar="REPLICA", help="Its name, or KIND:TARGET when that is lost too."
)
@click.option("--to", "target", type=click.Path(path_type=Path), metavar="DIR", help="Make a new vault there.")
@click.option("--conversation", "conversations", metavar="ID", multiple=True, help="Only this one; may be repeated.")
@click.option(
    "--as-of",
    "as_of",
    metavar="DATE|ID",
    help="As things were at the end of that day, or in the snapshot with that time or id.",
)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--code-stdin", is_flag=True, help="Read the recovery code of a sealed replica from standard input.")
def restore(
    session: Session,
    source: str,
    target: Path | None,
    conversations: tuple[str, ...],
    as_of: str | None,
    dry_run: bool,
    yes: bool,
    code_stdin: bool,
) -> int:
    """Bring back everything, or some conversations, from one replica, verified before anything is exchanged.

    Without --to it goes into the vault, or makes the vault where there is none. What only the vault
    has stays; what was there before can be brought back for 30 days. A sealed replica is opened with the
    keys of this vault; where there are none, with the recovery code or a passphrase.
    """
    there = Layout(session.path).identity.exists() or Layout(session.path).index.exists()
    if target is None and not there:
        target = session.path
    replica = _find_replica(session, source)
    then = None if as_of is None else moment_of(session, as_of, there)
    if target is not None:
        if dry_run:
            raise UsageError("There is nothing to compare with in a new place.", remedy="Leave --dry-run out.")
        place = target.expanduser().absolute()
        return _restore_to(session, replica, place, conversations, then, code_stdin)
    return _restore_here(session, replica, conversations, then, dry_run=dry_run, yes=yes)


def _find_replica(session: Session, source: str) -> ReplicaConfig:
    """A configured replica by its name, else one described as KIND:TARGET or NAME=KIND:TARGET."""
    from netto_tui import config
    from netto_tui.setup import joining

    settings = session.load_config(may_be_new=True)
    if ":" in source and source not in {one.name for one in settings.replicas}:
        described = config.parse_replica(source if "=" in source.partition(":")[0] else f"source={source}", Path.cwd())
        # Nobody has said how it has to be, so it is taken as it says. A copy of it would be in the vault's way.
        with cancelling() as cancel, tempfile.TemporaryDirectory(prefix="netto-") as folder:
            marker, _ = joining.look_at(Path(folder), described, cancel)
        return replace(described, plain=marker is None or not marker.keys)
    return settings.replica(source)


Then = Callable[["Replica"], "AsOf"]
"""What a person means by a date or an id, once the replica is open."""


def moment_of(session: Session, text: str, there: bool) -> Then:
    """The last millisecond of a day, month or year, in the vault's zone, else in UTC; or the snapshot of a time or id.

    there: whether the vault is. Raises UsageError where it is neither; what is returned does where there is no such
    snapshot, or several are meant.
    """
    from datetime import UTC, datetime

    from netto_tui.model.query import parse
    from netto_tui.recovery.snapshots import check_name, named

    zone = session.zone if there else UTC
    try:
        until = parse(f'on:"{text}"', datetime.now(zone).date(), zone).until
    except UsageError:
        check_name(text, zone)
        return lambda replica: named(replica, text, zone)
    return lambda _replica: (until or 0) - 1


@contextmanager
def open_one(path: Path, vault_id: str, replica: ReplicaConfig, cancel: threading.Event) -> Iterator[Replica]:
    """A replica as described, for the vault of a folder; it need not be among its settings."""
    from netto_tui.replicas.registry import open_replica
    from netto_tui.security import custody
    from netto_tui.security.envelope import PLAIN, Sealed

    envelope = PLAIN if replica.plain else Sealed(lambda: custody.load(path, vault_id))
    cache = path / ".netto" / "cache"
    opened = open_replica(
        replica.name, replica.kind, replica.target, envelope, cache, "restore", cancel, options=replica
    )
    with closing(opened):
        yield opened


def _bring_keys(session: Session, replica: ReplicaConfig, path: Path, code_stdin: bool) -> str:
    """Have the keys of a sealed replica in the folder of a new vault; the id of the vault."""
    from netto_tui.cli.sealing import with_code
    from netto_tui.security import custody
    from netto_tui.setup import joining, sealing
    from netto_tui.vault.identity import load_identity

    with cancelling() as cancel:
        marker, slots = joining.look_at(path, replica, cancel)
    vault = marker.vault if marker is not None else ""
    if replica.plain:
        return vault
    if custody.has_keys(session.path) and load_identity(session.path).vault == vault:
        shutil.copytree(custody.folder(session.path), custody.folder(path))
    else:
        with_code(session, code_stdin, lambda code: sealing.have_keys(path, vault, slots, code))
    return vault


def _restore_to(
    session: Session,
    replica: ReplicaConfig,
    target: Path,
    only: Collection[str],
    then: Then | None,
    code_stdin: bool,
) -> int:
    """Make a new vault from a replica alone: beside its place first, so that a failure leaves nothing there."""
    from netto_tui import config
    from netto_tui.recovery.restore import restore_to

    at_home = target == session.path
    there = {path.name for path in target.iterdir()} if target.exists() else set[str]()
    if there - ({"config.toml"} if at_home else set()):
        raise UsageError(f"{target} is not empty.", remedy="Name a new folder.")
    settings = session.load_config(may_be_new=True) if at_home else config.Config()
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        vault = _bring_keys(session, replica, staged / "new", code_stdin)
        if at_home and not settings.replicas:
            settings = settings.with_replica(replica)
        with cancelling() as cancel, open_one(staged / "new", vault, replica, cancel) as opened:
            as_of = then(opened) if then else None
            report = restore_to(staged / "new", opened, only=only, as_of=as_of, listener=tell_progress)
        if at_home:
            config.save(staged / "new" / "config.toml" if session.config is None else session.config_path, settings)
        if target.exists():
            target.rename(staged / "old")
        (staged / "new").rename(target)
    finally:
        diagnostics.progress("")
        shutil.rmtree(staged, ignore_errors=True)
    _tell_report(session, report, f"into a new vault in {target}")
    return 0 if report.ok else 1


def _restore_here(
    session: Session,
    replica: ReplicaConfig,
    only: Collection[str],
    then: Then | None,
    *,
    dry_run: bool,
    yes: bool,
) -> int:
    """Restore into the vault that is there, after a look at what would change and a person's word."""
    from netto_tui.recovery import preview as previews
    from netto_tui.recovery import restore as recovery

    with session.open() as vault, cancelling() as cancel, open_one(vault.path, vault.id, replica, cancel) as opened:
        as_of = then(opened) if then else None
        if dry_run or not yes:
            found = previews.preview(vault, opened, only=only, as_of=as_of, listener=tell_progress, cancel=cancel)
            diagnostics.progress("")
            if dry_run:
                _tell_preview(session, found)
                return 0
            _confirm(found)
        try:
            report = recovery.restore(vault, opened, only=only, as_of=as_of, listener=tell_progress)
        finally:
            diagnostics.progress("")
    _tell_report(session, report, "into the vault")
    return 0 if report.ok else 1


def _confirm(found: Preview) -> None:
    """Ask a person at a terminal. Raises Cancelled for no, UsageError where nobody can be asked."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError(
            f"Nothing was restored: it would add {many(found.add, 'conversation')} and change {found.change}.",
            remedy="Give --yes to go on, or --dry-run to look first.",
        )
    if not click.confirm(f"{_summary(found)} Go on?", err=True):
        raise Cancelled("Nothing was restored.")


def _summary(found: Preview) -> str:
    corrupt = f" {found.corrupt} pieces of it are damaged and stay out." if found.corrupt else ""
    return (
        f"{found.source} holds {many(found.conversations, 'conversation')}: {found.add} new here,"
        f" {found.change} to change, {found.keep} to stay as here; {many(found.revisions, 'revision')} to add.{corrupt}"
    )


def _tell_preview(session: Session, found: Preview) -> None:
    if session.json:
        output.document(
            {
                "ok": not found.corrupt,
                "digest": found.digest,
                "conversations": found.conversations,
                "added": found.revisions,
                "from": found.source,
                "dry_run": True,
                "add": found.add,
                "change": found.change,
                "remove": 0,
                "keep": found.keep,
                "corrupt": found.corrupt,
                "items": [
                    {
                        "conversation": one.conversation,
                        "kind": one.kind,
                        "title": one.title,
                        "revisions": one.revisions,
                        "messages": {"before": one.before, "after": one.after},
                    }
                    for one in found.items
                ],
            }
        )
        return
    output.line(_summary(found))
    output.table([(one.kind, one.conversation, one.title, one.revisions) for one in found.items[:LISTED]], grow=2)


def _tell_report(session: Session, report: RestoreReport, where: str) -> None:
    if session.json:
        output.document(
            {
                "ok": report.ok,
                "digest": report.digest,
                "conversations": report.conversations,
                "added": report.added,
                "from": report.source,
                "undo": report.undo or None,
                "until": report.until or None,
            }
        )
        return
    output.line(
        f"Restored {many(report.conversations, 'conversation')} from {report.source} {where}:"
        f" {many(report.added, 'revision')} added."
    )
    output.line(f"Read back and verified; digest {report.digest}")
    if report.undo:
        output.line(f"What was there before is kept until {session.local(report.until)} in {report.undo}.")


@command("undo", short_help="Take back a change, a deletion, a decision or a restore.")
@click.option("--list", "listing", is_flag=True, help="Show what can be taken back.")
@click.argument("point", default="")
def undo(session: Session, point: str, listing: bool) -> None:
    """Say again what was said before the latest change that kept a way back, or before a POINT from --list."""
    from netto_tui.recovery import undo as recovery

    with session.open() as vault:
        if listing:
            _tell_points(session, vault)
            return
        changed = recovery.undo(vault, point)
    if session.json:
        output.document({"changed": changed})
    else:
        output.line(f"Taken back: {many(changed, 'item')}.")


def _tell_points(session: Session, vault: Vault) -> None:
    """Show the undo points; items is 0 where whole files are kept."""
    from netto_tui.recovery.undo import contents, points, until

    found = points(vault)
    if session.json:
        rows = [
            {
                "name": one.name,
                "at": one.at,
                "what": one.what,
                "items": one.items,
                "conversations": list(contents(vault, one)),
                "until": until(one),
            }
            for one in found
        ]
        output.document({"points": rows})
        return
    lines = [(one.name, session.local(one.at), one.what, one.items, session.local(until(one))) for one in found]
    output.table(lines, heads=("point", "when", "before a", "items", "kept until"))
