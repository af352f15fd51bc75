"""The kinds of replicas there are, each imported only when one is opened."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from netto_tui.config import Options
from netto_tui.errors import UsageError
from netto_tui.replicas.base import Replica
from netto_tui.security.envelope import Envelope

DEFAULTS = Options()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class _Wish(NamedTuple):
    """What `open_replica` was asked for."""

    name: str
    target: str
    envelope: Envelope
    cancel: threading.Event
    cache_dir: Path
    device: str
    now: Callable[[], int]
    options: Options


def _folder(wish: _Wish) -> Replica:
    from netto_tui.replicas.folder import Folder

    return Folder(wish.name, wish.target, wish.envelope, wish.cancel)


def _git(wish: _Wish) -> Replica:
    from netto_tui.replicas.git import open_repository
    from netto_tui.replicas.git_forms import ConvertibleGit

    repository = open_repository(wish.target, wish.cache_dir, wish.cancel)
    return ConvertibleGit(
        wish.name, wish.target, wish.envelope, wish.cancel, repository, device=wish.device, now=wish.now
    )


def _github(wish: _Wish) -> Replica:
    from netto_tui.replicas.github import GitHub

    return GitHub(*wish[:4], **_further(wish), api_url=wish.options.api_url)


def _firestore(wish: _Wish) -> Replica:
    from netto_tui.replicas.firestore import Firestore

    return Firestore(*wish[:4], **_further(wish), options=wish.options)


def _further(wish: _Wish) -> dict[str, Any]:
    """What a replica with a copy of its own needs besides."""
    return {"cache_dir": wish.cache_dir, "device": wish.device, "now": wish.now}


_KINDS: dict[str, Callable[[_Wish], Replica]] = {
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
    return _KINDS[kind](_Wish(name, target, envelope, cancel, cache_dir, device, now, options))
