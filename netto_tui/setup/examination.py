"""Everything about a replica that can be wrong before it is even synced, each with what to do about it."""

from __future__ import annotations

import os
import shlex
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from netto_tui.config import Config, ReplicaConfig, shown
from netto_tui.errors import NettoError
from netto_tui.recovery.health import Check
from netto_tui.replicas.base import Metered, Replica
from netto_tui.replicas.forms import becoming
from netto_tui.security.credentials import EMULATOR_VARIABLE, FILE_VARIABLE, TOKEN_VARIABLE
from netto_tui.setup import disk
from netto_tui.setup.targets import API_VARIABLE, PLACES
from netto_tui.setup.trial import try_out, wall_clock
from netto_tui.vault import premises

REMOTE = tuple(place.kind for place in PLACES if place.secret)

MANY = 1000
"""So many places that others may read are counted; the remedy is the same for more."""

LOW_SHARE = 0.1
"""Of a day's quota: so little left may not last until it is full again."""


def privacy(path: Path) -> Iterator[Check]:
    """Whether anybody else can read the vault at a path: other users of this machine, or who takes it away."""
    wide = list(islice(premises.open_to_others(path), MANY))
    if wide:
        count = f"{len(wide)}{'+' if len(wide) == MANY else ''}"
        detail = f"other people on this machine may enter or read {wide[0]}" + (f", {count} places" if wide[1:] else "")
        yield Check("access", "warn", detail, f"Run: chmod -R go= {shlex.quote(str(path))}")
    else:
        yield Check("access", "ok", "only you can enter and read the vault")
    for place in islice(premises.links(path), 3):
        yield Check("links", "warn", f"{place} is a symbolic link, and is passed over", "Put what it points to there")
    yield disk.check(path)


def surroundings(config: Config) -> Iterator[Check]:
    """What the remotes of a vault need from this machine: a keyring, or variables, and the way to the network."""
    remotes = [each for each in config.replicas if each.kind in REMOTE]
    if not remotes:
        return
    yield _keyring(remotes)
    for variable in (TOKEN_VARIABLE, FILE_VARIABLE, API_VARIABLE, EMULATOR_VARIABLE):
        if value := os.environ.get(variable):
            told = "is set" if variable == TOKEN_VARIABLE else f"is {shown(value)}"
            yield Check("environment", "ok", f"{variable} {told}")
    for scheme, address in getproxies().items():
        if scheme in ("http", "https", "all", "grpc"):
            parts = urlsplit(address)  # it may carry a name and a password
            yield Check("proxy", "ok", f"{scheme} goes through {parts.hostname or 'a proxy'}:{parts.port or ''}")


def examine(
    each: ReplicaConfig,
    path: Path,
    vault: str,
    cancel: threading.Event,
    now: Callable[[], int] = wall_clock,
) -> list[Check]:
    """Try a replica of a vault with what is kept for it. The last check says how it stands; raises nothing of it."""
    trial = try_out(each, None, cancel, path / ".netto" / "cache", now)
    found = [Check(f"{each.name} {check.name}", check.state, check.detail, check.remedy) for check in trial.checks]
    if each.kind not in REMOTE:
        found.clear()  # its own look below says the same
    if trial.fault is not None:
        return [*found, Check(each.name, "bad", trial.fault.message, trial.fault.remedy)]
    if trial.absent:
        detail = f"{each.target} was deleted, transferred out of sight, or is not open to this token"
        remedy = f"Bring it back or permit the token; if it is gone for good: netto-tui sync {each.name} --rebuild"
        return [*found, Check(each.name, "bad", detail, remedy)]
    try:
        return [*found, *_own_look(each, path, vault, cancel, now)]
    except NettoError as error:
        return [*found, Check(each.name, "bad", error.message, error.remedy)]


def _keyring(remotes: list[ReplicaConfig]) -> Check:
    """Its state; without one the remotes can do only by variables."""
    from netto_tui.security.keyring_store import look

    instead = {"github": (TOKEN_VARIABLE,), "firestore": (FILE_VARIABLE, EMULATOR_VARIABLE)}
    needed = [each.name for each in remotes if not any(os.environ.get(name) for name in instead[each.kind])]
    state = look()
    if not state.fault:
        return Check("keyring", "ok", state.backend)
    remedy = f"{state.remedy} It is needed by: {', '.join(needed)}." if needed else state.remedy
    return Check("keyring", "bad" if needed else "warn", f"{state.fault} ({state.backend})", remedy)


def _own_look(
    each: ReplicaConfig, path: Path, vault: str, cancel: threading.Event, now: Callable[[], int]
) -> Iterator[Check]:
    from netto_tui.replicas.registry import open_replica
    from netto_tui.security.envelope import PLAIN

    cache = path / ".netto" / "cache"
    with closing(
        open_replica(each.name, each.kind, each.target, PLAIN, cache, "doctor", cancel, now, options=each)
    ) as opened:
        standing = _standing(each, opened, vault)
        if each.kind == "firestore":  # what GitHub tells is in its trial
            yield from _meters(each, opened)
    yield standing


def _standing(each: ReplicaConfig, opened: Replica, vault: str) -> Check:
    probe = opened.probe()
    place = f"{each.kind}:{shown(each.target)}"
    if probe.presence == "absent":
        return Check(each.name, "warn", f"{place} is not there", "Connect it; a new one is made by the first sync")
    if probe.presence == "empty":
        return Check(each.name, "ok", f"{place} is empty and ready")
    if probe.marker is None:
        return Check(each.name, "bad", f"{place}: {probe.marker_error or 'it is no replica'}", "Check the target")
    if probe.marker.vault != vault:
        return Check(each.name, "bad", f"{place} belongs to another vault", "Check the target in config.toml")
    if form := becoming(probe.marker):
        option = " --to-plain" if form == "plain" else ""
        todo = f"Let it finish, or go on: netto-tui keys convert {each.name}{option}"
        return Check(each.name, "warn", f"{place} is being made {form}", todo)
    free = "" if probe.free_bytes is None else f", {probe.free_bytes // 2**20} MB free"
    return Check(each.name, "ok", f"{place} can be reached{free}")


def _meters(each: ReplicaConfig, opened: Replica) -> Iterator[Check]:
    """What is left of quotas, as the replica keeps account of them."""
    for meter in opened.meters() if isinstance(opened, Metered) else ():
        low = meter.limit > 0 and meter.left < meter.limit * LOW_SHARE
        remedy = "Sync waits by itself until the quota is full again; or raise it in config.toml" if low else ""
        limit = f" of {meter.limit}" if meter.limit else ""
        yield Check(f"{each.name} quota", "warn" if low else "ok", f"{meter.left}{limit} {meter.name} left", remedy)
