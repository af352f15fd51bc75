"""Who a vault is: its id, shared with its replicas, and the name of this device in it."""

from __future__ import annotations

import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from netto_tui.errors import NewerFormat, UsageError, VaultError
from netto_tui.files import atomic_write, open_json, seal_json

FORMAT = "netto.vault/1"


@dataclass(frozen=True)
class Identity:
    """vault: `v_` and 32 hex. device: the `by` of revisions made here, never used twice. zone: IANA name."""

    vault: str
    device: str
    zone: str


def new_identity(vault: str = "", device: str = "", zone: str = "") -> Identity:
    """Make an identity; the device is named after `NETTO_DEVICE` or the host, with a random tail.

    Raises UsageError for a time zone that does not exist.
    """
    import socket
    import uuid

    label = device or os.environ.get("NETTO_DEVICE") or socket.gethostname()
    label = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:32] or "device"
    return Identity(
        vault=vault or f"v_{uuid.uuid4().hex}",
        device=f"{label}-{uuid.uuid4().hex[:4]}",
        zone=check_zone(zone or local_zone()),
    )


def local_zone() -> str:
    """The IANA name of this machine's time zone, UTC where it cannot be told."""
    from tzlocal import get_localzone_name

    try:
        return str(get_localzone_name())
    except (ZoneInfoNotFoundError, ValueError, LookupError):
        return "UTC"


def check_zone(zone: str) -> str:
    """The name itself. Raises UsageError when no such time zone is known here."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"There is no time zone {zone!r} on this machine.", remedy="Use an IANA name such as Europe/Lisbon or UTC."
        ) from error
    return zone


def save_identity(path: Path, identity: Identity) -> None:
    """Write the identity of the vault at a path."""
    atomic_write(_file(path), seal_json({"format": FORMAT, **asdict(identity)}))


def load_identity(path: Path) -> Identity:
    """Read the identity of the vault at a path.

    Raises VaultError where there is no vault, InvalidRecord where the file is damaged,
    NewerFormat where a newer version wrote it.
    """
    try:
        content = open_json(_file(path).read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise VaultError(
            f"There is no vault in {path}.", remedy="Make one with: netto-tui init (or name another with --vault)."
        ) from error
    if content.get("format") != FORMAT:
        raise NewerFormat(
            f"The vault in {path} has format {content.get('format')}.", remedy="Upgrade netto-tui on this machine."
        )
    return Identity(vault=content["vault"], device=content["device"], zone=content["zone"])


def _file(path: Path) -> Path:
    return path / ".netto" / "vault.json"
