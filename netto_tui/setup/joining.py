"""Adding replicas to a vault, new or old: whose they are, what is written down, and their identity."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from netto_tui import config
from netto_tui.config import Config, ReplicaConfig
from netto_tui.errors import Denied, NettoError, WrongTarget
from netto_tui.paths import Layout
from netto_tui.security.secret import Secret
from netto_tui.setup import sealing
from netto_tui.setup.sealing import NewKeys

if TYPE_CHECKING:
    from netto_tui.replicas.base import Marker
    from netto_tui.vault.vault import Vault


@dataclass(frozen=True)
class Joined:
    """What came of it. fresh: the vault was made. joined: it became the one that the replicas belong to.

    notes: what the first sync has to try again, a sentence each. made: keys that are new, whose code a
    person has to type back before the setup is done.
    """

    vault: str
    device: str
    zone: str
    settings: Config
    fresh: bool = False
    joined: bool = False
    notes: tuple[str, ...] = ()
    made: NewKeys | None = None


class OtherVault(WrongTarget):
    """A replica belongs to another vault, and this one is still empty: a person may let it become that one."""


@dataclass(frozen=True)
class Whose:
    """Whose replicas those are that shall be added; None for nobody's yet. slots: what opens their keys."""

    markers: Mapping[str, Marker | None]
    slots: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def marker(self) -> Marker | None:
        """The identity of the one vault that they belong to. Raises WrongTarget when it is several."""
        found = [marker for marker in self.markers.values() if marker is not None]
        if len({marker.vault for marker in found}) > 1:
            names = ", ".join(name for name, marker in self.markers.items() if marker)
            raise WrongTarget(f"The replicas {names} belong to different vaults.", remedy="Add those of one vault.")
        return found[0] if found else None

    def check(self, vault: str, wanted: Sequence[ReplicaConfig]) -> None:
        """Raises WrongTarget for a replica of another vault."""
        for each in wanted:
            marker = self.markers[each.name]
            if marker is not None and marker.vault != vault:
                raise WrongTarget(
                    f"{config.shown(each.target)} is a replica of another vault.",
                    remedy="Choose another place, or join that vault by init in a new --vault DIR."
                    " Nothing was changed.",
                )


def is_fresh(path: Path) -> bool:
    """Whether there is no vault at a path yet."""
    layout = Layout(path)
    return not layout.identity.exists() and not layout.index.exists()


def look(path: Path, wanted: Sequence[ReplicaConfig], cancel: threading.Event) -> Whose:
    """Ask replicas whose they are; `path` is the vault's, which need not be there. Raises WrongTarget, Unreachable."""
    markers: dict[str, Marker | None] = {}
    slots: Mapping[str, bytes] = {}
    for each in wanted:
        markers[each.name], found = look_at(path, each, cancel)
        slots = slots or found
    sealing.check_promise(markers, wanted)
    return Whose(markers, slots)


def join(
    path: Path,
    config_path: Path,
    settings: Config,
    wanted: Sequence[ReplicaConfig],
    whose: Whose,
    *,
    zone: str = "",
    device: str = "",
    become: bool = False,
    code: Secret | None = None,
    cancel: threading.Event | None = None,
    now: Callable[[], int] | None = None,
) -> Joined:
    """Make the vault if there is none, write the settings down, and give new replicas their identity.

    settings: with the wanted replicas in them. become: a person's word that a vault which is still
    empty becomes the one that the replicas belong to. code: opens the key slots of sealed replicas that
    another device made. Raises WrongTarget for replicas of another vault, OtherVault where that word is
    missing, CodeNeeded and what sealing.have_keys says, and then nothing was changed.
    """
    from netto_tui.vault.vault import Vault, wall_clock

    marker, fresh, joined, there_before = whose.marker, is_fresh(path), False, path.exists()
    clock = now or wall_clock
    if fresh:
        there = zone or (marker.zone if marker else "")
        if marker is not None:  # a wrong code leaves nothing behind
            _have_keys(path, marker.vault, wanted, whose, code)
        vault = Vault.create(path, device=device, zone=there, vault_id=marker.vault if marker else "", now=clock)
    else:
        vault = Vault.open(path, now=clock)
        if marker is not None and may_become(vault, settings, wanted, marker):
            if not become:
                vault.close()
                raise OtherVault(
                    f"{config.shown(wanted[0].target)} is a replica of another vault, and this one is still empty.",
                    remedy="Choose another place, or join that vault by init in a new --vault DIR."
                    " Nothing was changed.",
                )
            _have_keys(path, marker.vault, wanted, whose, code)
            _become(vault, marker)
            vault.close()
            vault, joined = Vault.open(path, now=clock), True
    with vault:
        whose.check(vault.id, wanted)
        try:
            made = _have_keys(path, vault.id, wanted, whose, code)
        except NettoError:
            if fresh and not there_before:
                vault.close()
                shutil.rmtree(path)  # it was begun just now, and holds nothing
            raise
        if wanted or fresh:  # a file that stays as it is keeps what a person wrote into it
            config.save(config_path, settings)
        notes = _make_ready(vault, settings, wanted, cancel)
        return Joined(vault.id, vault.device, str(vault.zone), settings, fresh, joined, notes, made)


def _have_keys(
    path: Path, vault_id: str, wanted: Sequence[ReplicaConfig], whose: Whose, code: Secret | None
) -> NewKeys | None:
    """Have the keys here where one of the replicas is sealed; those that were made for it."""
    if all(each.plain for each in wanted):
        return None
    return sealing.have_keys(path, vault_id, whose.slots, code)


def may_become(vault: Vault, settings: Config, wanted: Sequence[ReplicaConfig], marker: Marker) -> bool:
    """Whether a vault is another than a replica's, still empty and without replicas: so it can become that one."""
    names = {each.name for each in wanted}
    if marker.vault == vault.id or any(each.name not in names for each in settings.replicas):
        return False
    with vault.reader() as reader:
        return reader.totals().revisions == 0


def _become(vault: Vault, marker: Marker) -> None:
    """Give an empty vault the id of a vault that has replicas already."""
    from netto_tui.vault.identity import check_zone, save_identity

    identity = replace(vault.identity, vault=marker.vault, zone=check_zone(marker.zone))
    vault.sql.executemany(
        "UPDATE meta SET value = ? WHERE key = ?", [(identity.vault, "vault"), (identity.zone, "zone")]
    )
    save_identity(vault.path, identity)


def look_at(path: Path, each: ReplicaConfig, cancel: threading.Event) -> tuple[Marker | None, Mapping[str, bytes]]:
    """Whose replica lies at a target, None for nobody's yet, and its key slots where it is sealed.

    Raises WrongTarget for foreign things, Denied for a sealed one without slots.
    """
    from netto_tui.replicas.registry import open_replica
    from netto_tui.security.envelope import PLAIN

    cache = path / ".netto" / "cache"
    opened = open_replica(each.name, each.kind, each.target, PLAIN, cache, "setup", cancel, options=each)
    with closing(opened):
        probe = opened.probe()
        slots = opened.slots() if probe.marker is not None and probe.marker.keys else {}
    if probe.marker is not None and probe.marker.keys and not any(slots.values()):
        raise Denied(
            f"{config.shown(each.target)} is sealed, and has no key slot that a recovery code could open.",
            remedy="Name another replica of the vault first, or restore its .netto/keys from an older state.",
        )
    if probe.presence == "present" and probe.marker is None:
        raise WrongTarget(
            f"{config.shown(each.target)} holds something that is no replica. {probe.marker_error}".strip(),
            remedy="Choose an empty place, or one that does not exist yet. Nothing was changed.",
        )
    return probe.marker, slots


def _make_ready(
    vault: Vault, settings: Config, wanted: Sequence[ReplicaConfig], cancel: threading.Event | None
) -> tuple[str, ...]:
    """Give new replicas their identity, so that the next device that names them joins this vault."""
    from netto_tui.sync.round import close_all, new_engine, open_configured

    engine = new_engine(vault, settings, lambda event: None)
    notes = []
    for each in wanted:
        opened = open_configured(vault, each, cancel)
        try:
            engine.enter(opened)
        except NettoError as error:
            notes.append(f"{each.name}: {error} The first sync tries again.")
        finally:
            close_all([opened])
    return tuple(notes)
