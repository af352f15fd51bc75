"""The app, `demo` and `init`: where everything begins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netto_tui.cli import diagnostics, output
from netto_tui.cli.root import command
from netto_tui.cli.session import Session

if TYPE_CHECKING:
    from netto_tui.config import Config, ReplicaConfig
    from netto_tui.replicas.base import Marker
    from netto_tui.vault.vault import Vault


def run_app(path: Path) -> int:
    """Open the app on a vault, making the vault the first time."""
    from netto_tui.tui.app import run
    from netto_tui.vault.vault import Vault

    if not (path / ".netto" / "vault.json").exists() and not (path / "index.db").exists():
        Vault.create(path).close()
    return run(path)


@command("demo", short_help="Open the app on a sample vault, made on the spot.")
@click.option("--reset", is_flag=True, help="Make the sample vault anew.")
@click.option("--make-only", is_flag=True, help="Make it, say where it is, and do not open the app.")
def demo(session: Session, reset: bool, make_only: bool) -> int | None:
    """Open the app on a sample vault with two replicas, made on the spot.

    It lies apart from your own vault, in --vault DIR or in the cache folder of this system.
    """
    from netto_tui import demo as sample
    from netto_tui.paths import demo_vault

    path = session.vault.expanduser().absolute() if session.vault else demo_vault()
    if reset or not sample.is_there(path):
        diagnostics.note(f"Making a sample vault in {path}")
        sample.make(path)
    if make_only:
        output.document({"vault": str(path)}) if session.json else output.line(str(path))
        return None
    from netto_tui.tui.app import run

    return run(path)


@command("init", short_help="Make a vault, or add replicas to it.")
@click.option(
    "--replica", "replicas", multiple=True, metavar="NAME=KIND:TARGET", help="folder:PATH or git:PATH|URL; repeatable."
)
@click.option("--zone", default="", metavar="ZONE", help="Whose midnight ends a day, else this machine's.")
@click.option("--device", default="", metavar="NAME", help="What this device is called, else NETTO_DEVICE or the host.")
def init(session: Session, replicas: tuple[str, ...], zone: str, device: str) -> None:
    """Make a vault, or add replicas to the one that is there.

    A replica that holds a vault already, made on another device, is joined: sync then brings its
    conversations here. An empty or new one is made ready.
    """
    from netto_tui import config
    from netto_tui.errors import UsageError
    from netto_tui.vault.vault import Vault

    wanted = [config.parse_replica(text, Path.cwd()) for text in replicas]
    settings = session.load_config(may_be_new=True)
    for replica in wanted:
        settings = settings.with_replica(replica)
    fresh = not (session.path / ".netto" / "vault.json").exists() and not (session.path / "index.db").exists()
    if not fresh and not wanted:
        raise UsageError(f"There is a vault in {session.path} already.", remedy="Add replicas to it with --replica.")
    if not fresh and (zone or device):
        raise UsageError("A vault keeps its zone and its device name.", remedy="Leave --zone and --device out.")
    found = {replica.name: _marker_at(session, replica) for replica in wanted}
    marker = _one_vault(found)
    if fresh:
        vault = Vault.create(
            session.path,
            device=device,
            zone=zone or (marker.zone if marker else ""),
            vault_id=marker.vault if marker else "",
        )
    else:
        vault = session.open()
    with vault:
        _refuse_others(vault.id, wanted, found)
        config.save(session.config_path, settings)
        _make_ready(vault, settings, wanted)
        _tell(session, fresh, vault.id, vault.device, str(vault.zone), settings)


def _marker_at(session: Session, replica: ReplicaConfig) -> Marker | None:
    """Whose replica lies at a target, None for nobody's yet. Raises WrongTarget for foreign things."""
    import threading

    from netto_tui.cli.restoring import open_one
    from netto_tui.errors import WrongTarget

    with open_one(session, replica, threading.Event()) as opened:
        probe = opened.probe()
    if probe.presence == "present" and probe.marker is None:
        raise WrongTarget(
            f"{replica.target} holds something that is no replica. {probe.marker_error}".strip(),
            remedy="Choose an empty place, or one that does not exist yet. Nothing was changed.",
        )
    return probe.marker


def _one_vault(found: dict[str, Marker | None]) -> Marker | None:
    """The vault that replicas belong to. Raises WrongTarget when they belong to several."""
    from netto_tui.errors import WrongTarget

    markers = [marker for marker in found.values() if marker is not None]
    if len({marker.vault for marker in markers}) > 1:
        names = ", ".join(name for name, marker in found.items() if marker)
        raise WrongTarget(f"The replicas {names} belong to different vaults.", remedy="Add those of one vault.")
    return markers[0] if markers else None


def _refuse_others(vault: str, replicas: list[ReplicaConfig], found: dict[str, Marker | None]) -> None:
    """Raises WrongTarget for a replica of another vault."""
    from netto_tui.errors import WrongTarget

    for replica in replicas:
        marker = found[replica.name]
        if marker is not None and marker.vault != vault:
            raise WrongTarget(
                f"{replica.target} is a replica of another vault.",
                remedy="Choose another place, or join that vault by init in a new --vault DIR. Nothing was changed.",
            )


def _make_ready(vault: Vault, settings: Config, wanted: list[ReplicaConfig]) -> None:
    """Give new replicas their identity, so that the next device that names them joins this vault."""
    from netto_tui.errors import NettoError
    from netto_tui.sync.round import close_all, new_engine, open_configured

    engine = new_engine(vault, settings, lambda event: None)
    for replica in wanted:
        opened = open_configured(vault, replica)
        try:
            engine.enter(opened)
        except NettoError as error:
            diagnostics.note(f"{replica.name}: {error} The first sync tries again.")
        finally:
            close_all([opened])


def _tell(session: Session, fresh: bool, vault: str, device: str, zone: str, settings: Config) -> None:
    if session.json:
        replicas = [{"name": one.name, "kind": one.kind, "target": one.target} for one in settings.replicas]
        output.document(
            {"vault": vault, "path": str(session.path), "device": device, "zone": zone, "replicas": replicas}
        )
        return
    output.line(f"{'Made a vault' if fresh else 'Added to the vault'} in {session.path}, device {device}, zone {zone}.")
    output.table([(one.name, one.kind, one.target) for one in settings.replicas])
    if settings.replicas:
        output.line("Next: netto-tui import PATH brings conversations in, netto-tui sync makes the replicas equal.")
    else:
        output.line("It has no replica yet: netto-tui init --replica disk=folder:/mnt/disk/netto adds one.")
