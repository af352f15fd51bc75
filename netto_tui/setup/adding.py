"""Adding one replica that was tried, in one go: make its place, keep its secret, join it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from netto_tui import config
from netto_tui.config import ReplicaConfig
from netto_tui.paths import Layout
from netto_tui.security.secret import Secret
from netto_tui.setup import joining, trial


def add(
    path: Path,
    replica: ReplicaConfig,
    secret: Secret | None,
    tried: trial.Trial,
    cancel: threading.Event,
    now: Callable[[], int],
    *,
    become: bool = False,
    code: Secret | None = None,
) -> joining.Joined:
    """Add a replica to the vault at a path; `tried` is what its trial with this secret found.

    become, code: as in joining.join. Raises what stands in the way: Denied, WrongTarget, OtherVault, CodeNeeded,
    Unreachable, UsageError. It can be called again then; what was done so far does not matter.
    """
    settings = config.load(Layout(path).config).with_replica(replica)
    if tried.absent:
        trial.make(replica, secret, cancel, path / ".netto" / "cache", now)
    if secret is not None:
        trial.keep(replica, secret)
    whose = joining.look(path, [replica], cancel)
    return joining.join(
        path, Layout(path).config, settings, [replica], whose, become=become, code=code, cancel=cancel, now=now
    )
