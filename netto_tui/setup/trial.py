"""Trying whether a replica can be used, before it is added or when something is wrong."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from netto_tui.config import ReplicaConfig
from netto_tui.errors import Denied, NettoError, UsageError
from netto_tui.recovery.health import Check
from netto_tui.security import credentials
from netto_tui.security.secret import Secret
from netto_tui.setup.targets import api_of, place_of

SKEW_MS = 2 * 60 * 1000
"""A clock that is further off is worth a word; stamps of messages are checked apart from this."""

LAG_WAITS = (0.5, 1.0, 2.0)
"""Seconds between looks at a repository that was just made: GitHub may take a moment to show it."""

KEEP_SECONDS = 60.0
"""How long keeping a secret may take while a person sits before it, who may have to unlock the keyring."""


@dataclass(frozen=True)
class Trial:
    """What was found. checks: what was looked at. fault: why the replica cannot be used, None when it can.

    absent: its place is not there yet, and has to be made first.
    """

    checks: tuple[Check, ...] = ()
    fault: NettoError | None = None
    absent: bool = False


def wall_clock() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def try_out(
    replica: ReplicaConfig,
    secret: Secret | None,
    cancel: threading.Event,
    cache_dir: Path,
    now: Callable[[], int] = wall_clock,
) -> Trial:
    """Look whether a replica can be used with a secret, without one with what is kept or in the environment.

    cache_dir: where copies of remotes may lie. Raises nothing for what a replica does; it is told in the result.
    """
    if replica.kind == "github":
        from netto_tui.setup.github_trial import GitHubTrial

        found = GitHubTrial(replica, secret, cancel, now).run()
    elif replica.kind == "firestore":
        from netto_tui.setup.firestore_trial import FirestoreTrial

        found = FirestoreTrial(replica, secret, cancel, now).run()
    else:
        return _try_place(replica, cancel, cache_dir)
    if isinstance(found.fault, Denied) and secret is None and (variable := variable_of(replica)):
        found.fault.remedy = f"{found.fault.remedy} {variable} is in force here: correct it, or unset it."
    return found


def variable_of(replica: ReplicaConfig) -> str:
    """The variable that goes before whatever is kept for a replica, "" when none is set."""
    variable = {"github": credentials.TOKEN_VARIABLE, "firestore": credentials.EMULATOR_VARIABLE}.get(replica.kind, "")
    return variable if os.environ.get(variable) else ""


def may_ask_secret(replica: ReplicaConfig, found: Trial) -> bool:
    """Whether a person's secret could put right what a trial found."""
    return isinstance(found.fault, Denied) and bool(place_of(replica.kind).secret) and not variable_of(replica)


def check_keyring() -> None:
    """Raises Denied where a secret could not be kept, so that nobody types one in vain."""
    from netto_tui.security.keyring_store import look

    state = look()
    if state.fault:
        raise Denied(f"There is no place to keep a secret. {state.fault}", remedy=state.remedy)


def make(
    replica: ReplicaConfig,
    secret: Secret | None,
    cancel: threading.Event,
    cache_dir: Path,
    now: Callable[[], int] = wall_clock,
) -> Trial:
    """Make the place of a replica that was found absent, and try it then.

    Raises Denied, with how to do it by hand, when the credentials do not permit it, and what a trial finds wrong.
    """
    from netto_tui.setup.github_trial import GitHubTrial

    GitHubTrial(replica, secret, cancel, now).create()
    found = try_out(replica, secret, cancel, cache_dir, now)
    for wait in LAG_WAITS:
        if not found.absent or cancel.wait(wait):
            break
        found = try_out(replica, secret, cancel, cache_dir, now)
    if found.fault is not None:
        raise found.fault
    if found.absent:
        message = f"{replica.target} was made, and this token may not see it."
        raise Denied(message, remedy=next((check.remedy for check in found.checks if check.name == "repository"), ""))
    return found


def read_secret(replica: ReplicaConfig, text: str, source: str) -> Secret:
    """A secret for a replica, checked as far as that goes without asking anybody.

    Raises UsageError or Denied, with nothing of it in the message.
    """
    if replica.kind == "github":
        return Secret(credentials.check_token(text, source))
    if replica.kind == "firestore":
        credentials.service_account(text, source)
        return Secret(text)
    raise UsageError(f"A replica of the kind {replica.kind} has no secret.", remedy="Leave it out.")


def read_key_file(replica: ReplicaConfig, path: Path) -> Secret:
    """The key of a service account from a file. Raises UsageError."""
    try:
        text = path.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"{path} cannot be read: {reason}.", remedy="Name the JSON file of the key.") from None
    return read_secret(replica, text, str(path))


def keep(replica: ReplicaConfig, secret: Secret, seconds: float = KEEP_SECONDS) -> None:
    """Put a replica's secret into the keyring. Raises Denied when it is not kept there."""
    if replica.kind == "github":
        account = credentials.github_account(api_of(replica), replica.target)
    else:
        account = credentials.firebase_account(replica.target.partition("/")[0])
    credentials.keep(account, secret.reveal(), seconds)


def _try_place(replica: ReplicaConfig, cancel: threading.Event, cache_dir: Path) -> Trial:
    """A folder or a Git repository, by the replica's own look at it."""
    from netto_tui.replicas.registry import open_replica
    from netto_tui.security.envelope import PLAIN

    try:
        opened = open_replica(
            replica.name, replica.kind, replica.target, PLAIN, cache_dir, "setup", cancel, options=replica
        )
        with closing(opened):
            probe = opened.probe()
    except NettoError as error:
        return Trial(fault=error)
    if probe.presence == "absent":
        return Trial((Check("place", "ok", f"{replica.target} is not there yet and is made"),))
    free = "" if probe.free_bytes is None else f", {probe.free_bytes // 2**20} MB free"
    state = "is empty and ready" if probe.presence == "empty" else "can be reached"
    return Trial((Check("place", "ok", f"{replica.target} {state}{free}"),))
