"""The app, `demo` and `init`: where everything begins."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netto_tui.cli import diagnostics, output
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from netto_tui.config import Config, ReplicaConfig
    from netto_tui.setup.joining import Joined


PLAIN_WARNING = "Whoever can read these replicas reads every conversation: they are not sealed."


@command("demo", short_help="Open the app on a sample vault, made on the spot.")
@click.option("--reset", is_flag=True, help="Make the sample vault anew.")
@click.option("--make-only", is_flag=True, help="Make it, say where it is, and do not open the app.")
@click.option("--servers", is_flag=True, help="With GitHub and Firestore as well: stand-ins that run on this machine.")
def demo(session: Session, reset: bool, make_only: bool, servers: bool) -> int | None:
    """Open the app on a sample vault with two replicas, made on the spot.

    It lies apart from your own vault, in --vault DIR or in the cache folder of this system.
    """
    from netto_tui.paths import demo_vault

    path = session.vault.expanduser().absolute() if session.vault else demo_vault()
    if not servers:
        return _demo(session, path, reset, make_only)
    from netto_tui.demo import is_there
    from netto_tui.demo.servers import connect, running

    path = path if session.vault else path.with_name(f"{path.name}-servers")
    with running(path.with_name(f"{path.name}.d"), fresh=reset or not is_there(path)) as url:
        return _demo(session, path, reset, make_only, lambda: connect(path, url))


def _demo(
    session: Session, path: Path, reset: bool, make_only: bool, prepare: Callable[[], None] = lambda: None
) -> int | None:
    """Make the sample vault if need be, prepare it, and open it."""
    from netto_tui import demo as sample

    if reset or not sample.is_there(path):
        diagnostics.note(f"Making a sample vault in {path}")
        sample.make(path)
    prepare()
    if make_only:
        output.document({"vault": str(path)}) if session.json else output.line(str(path))
        return None
    from netto_tui.tui.running import run

    return run(path)


@command("init", short_help="Make a vault, or add replicas to it.")
@click.option(
    "--replica",
    "replicas",
    multiple=True,
    metavar="NAME=KIND:TARGET",
    help="github:OWNER/REPO, firestore:PROJECT/UID, folder:PATH or git:PATH|URL; repeatable.",
)
@click.option("--token-stdin", is_flag=True, help="Read GitHub's token from standard input; it goes into the keyring.")
@click.option(
    "--credentials",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The key of a service account for Firestore; it goes into the keyring.",
)
@click.option("--plain", is_flag=True, help="Leave what lies on these replicas unsealed, for all who reach the place.")
@click.option("--code-stdin", is_flag=True, help="Read the recovery code of a sealed vault from standard input.")
@click.option("--zone", default="", metavar="ZONE", help="Whose midnight ends a day, else this machine's.")
@click.option("--device", default="", metavar="NAME", help="What this device is called, else NETTO_DEVICE or the host.")
def init(
    session: Session,
    replicas: tuple[str, ...],
    token_stdin: bool,
    credentials: Path | None,
    plain: bool,
    code_stdin: bool,
    zone: str,
    device: str,
) -> None:
    """Make a vault, or add replicas to the one that is there.

    At a terminal and without --replica it asks, step by step. A replica that holds a vault already,
    made on another device, is joined: sync then brings its conversations here. An empty or new one
    is made ready. A remote that is a replica already is tried again, and given a new token or key.

    Replicas are sealed with the keys of the vault, unless --plain says otherwise. The first sealed one
    gives you a recovery code: without that and without this device nobody reads them again.
    """
    from netto_tui import config
    from netto_tui.cli import sealing, setup
    from netto_tui.setup import joining, targets

    if token_stdin and code_stdin:
        raise UsageError("Only one secret can come on standard input.", remedy="Set NETTO_GITHUB_TOKEN instead.")
    wanted = [replace(targets.tidy(config.parse_replica(text, Path.cwd())), plain=plain) for text in replicas]
    secrets = setup.given_secrets(wanted, token_stdin, credentials)
    settings = session.load_config(may_be_new=True)
    fresh, ask = joining.is_fresh(session.path), setup.may_ask(session)
    if not fresh and (zone or device):
        raise UsageError("A vault keeps its zone and its device name.", remedy="Leave --zone and --device out.")
    if not wanted and ask:
        joined, fresh = setup.wizard(session, zone, device)
        _tell(session, fresh, joined)
        return
    if not fresh and not wanted:
        raise UsageError(f"There is a vault in {session.path} already.", remedy="Add replicas to it with --replica.")
    new = [each for each in wanted if not _is_known(settings, each)]
    for each in new:
        settings = settings.with_replica(each)
    for each in wanted:
        if targets.place_of(each.kind).secret:
            setup.connect(session, each, secrets.get(each.name), ask, renew=each not in new)
    whose = joining.look(session.path, new, threading.Event())
    join = partial(joining.join, session.path, session.config_path, settings, new, whose, zone=zone, device=device)
    joined = sealing.with_code(session, code_stdin, lambda code: join(code=code))
    for note in joined.notes:
        diagnostics.note(note)
    _tell(session, fresh, joined)
    if plain and wanted:
        diagnostics.note(PLAIN_WARNING)
    if joined.made is not None:
        sealing.hand_over(session, joined.made)


def _is_known(settings: Config, each: ReplicaConfig) -> bool:
    """Whether a remote is among the settings already, as it is described now: only its secret can be new."""
    from netto_tui.setup.targets import place_of

    there = [(one.name, one.kind, one.target) for one in settings.replicas]
    return bool(place_of(each.kind).secret) and (each.name, each.kind, each.target) in there


def _tell(session: Session, fresh: bool, joined: Joined) -> None:
    from netto_tui.config import shown

    replicas = joined.settings.replicas
    if fresh:
        from netto_tui.setup import disk

        found = disk.check(session.path)
        if found.state != "ok":
            diagnostics.note(f"Mind: {found.detail}. {found.remedy}.")
    if session.json:
        output.document(
            {
                "vault": joined.vault,
                "path": str(session.path),
                "device": joined.device,
                "zone": joined.zone,
                "replicas": [
                    {"name": one.name, "kind": one.kind, "target": shown(one.target), "sealed": not one.plain}
                    for one in replicas
                ],
            }
        )
        return
    verb = "Made a vault" if fresh else "The vault is"
    output.line(f"{verb} in {session.path}, device {joined.device}, zone {joined.zone}.")
    output.table([(one.name, one.kind, shown(one.target), "plain" if one.plain else "sealed") for one in replicas])
    if replicas:
        output.line("Next: netto-tui import PATH brings conversations in; --find shows where there are some here.")
        output.line("Then: netto-tui sync makes the replicas equal.")
    else:
        output.line("It has no replica yet: netto-tui init --replica disk=folder:/mnt/disk/netto adds one.")
