"""The kinds of replicas there are, each imported only when one is opened."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from netto_tui.config import Options
from netto_tui.errors import UsageError
from netto_tui.replicas.base import Replica
from netto_tui.security.envelope import Envelope

DEFAULTS = Options()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _folder(name: str, target: str, envelope: Envelope, cancel: threading.Event, *_unused: object) -> Replica:
    from netto_tui.replicas.folder import Folder

    return Folder(name, target, envelope, cancel)


def _git(
    name: str,
    target: str,
    envelope: Envelope,
    cancel: threading.Event,
    cache_dir: Path,
    device: str,
    now: Callable[[], int],
    _options: Options,
) -> Replica:
    from netto_tui.replicas.git import Git, open_repository

    repository = open_repository(target, cache_dir, cancel)
    return Git(name, target, envelope, cancel, repository, device=device, now=now)


def _github(
    name: str,
    target: str,
    envelope: Envelope,
    cancel: threading.Event,
    cache_dir: Path,
    device: str,
    now: Callable[[], int],
    options: Options,
) -> Replica:
    from netto_tui.replicas.github import GitHub

    return GitHub(name, target, envelope, cancel, cache_dir=cache_dir, device=device, now=now, api_url=options.api_url)


def _firestore(
    name: str,
    target: str,
    envelope: Envelope,
    cancel: threading.Event,
    cache_dir: Path,
    device: str,
    now: Callable[[], int],
    options: Options,
) -> Replica:
    from netto_tui.replicas.firestore import Firestore

    return Firestore(name, target, envelope, cancel, cache_dir=cache_dir, device=device, now=now, options=options)


_KINDS: dict[str, Callable[..., Replica]] = {
    "folder": _folder,
    "git": _git,
    "github": _github,
    "firestore": _firestore,
}

KINDS = tuple(sorted(_KINDS))
"""What `init --replica NAME=KIND:TARGET` accepts as KIND."""


def open_replica(
    name: str,
    kind: str,
    target: str,
    envelope: Envelope,
    cache_dir: Path,
    device: str,
    cancel: threading.Event,
    now: Callable[[], int] = _now_ms,
    options: Options = DEFAULTS,
) -> Replica:
    """Open a replica; nothing is touched until its first method is called.

    target: a path, for `git` also a URL, for `github` OWNER/REPO, for `firestore` PROJECT/UID.
    cache_dir: where copies of remotes may lie; they can be deleted at any time. device: names this
    device's branch. now: milliseconds since 1970. options: what some kinds need beside the target.
    Raises UsageError for an unknown kind or a target that the kind cannot have.
    """
    if kind not in _KINDS:
        raise UsageError(f"There is no kind of replica called {kind!r}.", remedy=f"Use one of: {', '.join(KINDS)}.")
    if not target.strip():
        raise UsageError(f"The replica {name} has no target.", remedy=f"Write {name}={kind}:TARGET.")
    return _KINDS[kind](name, target, envelope, cancel, cache_dir, device, now, options)
