"""Whether the disk under a vault is encrypted, as far as that can be told from here.

A vault is plain text by design, so that it can be read without us: what protects it on a stolen
machine is the encryption of its volume.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import struct
import subprocess  # the system's own tools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from netto_tui.recovery.health import Check

SECONDS = 5
"""How long a tool of the system may take."""

_ENCRYPTING = {"ecryptfs": "eCryptfs", "fuse.gocryptfs": "gocryptfs", "fuse.cryfs": "CryFS", "fuse.encfs": "EncFS"}
"""File systems that encrypt by themselves, by the names that Linux gives them."""

_DISKS = re.compile("(sd|hd|vd|xvd|nvme|mmcblk|nbd)")
"""How the names of disks begin, which are the end of the way down; what else there is may encrypt unseen."""

_GET_POLICY = 0xC0096616
"""FS_IOC_GET_ENCRYPTION_POLICY_EX of linux/fscrypt.h: answers for a folder that fscrypt encrypts."""

_REMEDY = {
    "linux": "Keep the vault on a LUKS volume or in an fscrypt folder",
    "darwin": "Turn FileVault on: System Settings, Privacy & Security",
}


@dataclass(frozen=True)
class Volume:
    """encrypted: None where it cannot be told. how: what encrypts, or why it cannot be told."""

    encrypted: bool | None
    how: str


def check(path: Path) -> Check:
    """Whether the vault at a path is safe from whoever takes the machine while it is off."""
    found = volume(path)
    if found.encrypted:
        return Check("encryption", "ok", f"the vault lies on an encrypted volume ({found.how})")
    remedy = _REMEDY.get(sys.platform, "Check that the disk is encrypted by the system")
    if found.encrypted is None:
        return Check("encryption", "warn", f"whether the disk is encrypted is unknown: {found.how}", remedy)
    detail = f"no encryption of the disk was found ({found.how}): whoever takes the machine can read the vault"
    return Check("encryption", "warn", detail, f"{remedy}, unless the drive or the host encrypts by itself")


def volume(path: Path) -> Volume:
    """What is known of the volume on which a path lies, or would lie."""
    there = Path(os.path.realpath(path))
    while not there.exists():
        there = there.parent
    if sys.platform == "darwin":
        return file_vault(_told(["fdesetup", "status"]))
    if sys.platform != "linux":
        return Volume(None, f"there is no way known to ask {sys.platform}")
    if _has_policy(there):
        return Volume(True, "fscrypt")
    try:
        table = Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
    except OSError as error:
        return Volume(None, f"the list of mounts cannot be read: {error.strerror}")
    return mounted(there, table)


def file_vault(told: str) -> Volume:
    """What macOS says: `FileVault is On.` or `FileVault is Off.`."""
    if "FileVault is On" in told:
        return Volume(True, "FileVault")
    return Volume(False, "FileVault is off") if "FileVault is Off" in told else Volume(None, "fdesetup did not say")


def mounted(path: Path, table: str, sys_root: Path = Path("/sys")) -> Volume:
    """What encrypts the file system of an absolute path, by /proc/self/mountinfo (see proc(5)) and /sys."""
    found: tuple[int, list[str], list[str]] | None = None
    for line in table.splitlines():
        before, dash, after = line.partition(" - ")
        first, last = before.split(), after.split()
        if not dash or len(first) < 5 or len(last) < 2:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), first[4])
        length = len(Path(point).parts)
        if path.is_relative_to(point) and (found is None or length >= found[0]):  # a later mount covers an earlier
            found = length, first, last
    if found is None:
        return Volume(None, "its mount is not in the list")
    _, first, (kind, source, *_) = found
    if kind in _ENCRYPTING:
        return Volume(True, _ENCRYPTING[kind])
    if kind == "zfs":
        return zfs(_told(["zfs", "get", "-H", "-o", "value", "encryption", source]))
    device = sys_root / "dev" / "block" / first[2]
    if not device.exists():  # btrfs and others have numbers of their own; the source names a device
        device = sys_root / "class" / "block" / Path(os.path.realpath(source)).name
    if source.startswith("/dev/") and device.exists():
        return _device(device)
    return Volume(None, f"it is on {kind}")


def zfs(told: str) -> Volume:
    """What `zfs get encryption` says: the cipher, or off."""
    value = told.strip()
    if not value or value == "-":
        return Volume(None, "zfs did not say")
    return Volume(value != "off", "zfs" if value == "off" else f"zfs, {value}")


def _device(device: Path, depth: int = 0) -> Volume:
    """Go down from a block device through LVM and RAID; each part has to be encrypted."""
    name = device.resolve().name
    with contextlib.suppress(OSError):
        if (device / "dm" / "uuid").read_text().startswith("CRYPT-"):
            return Volume(True, "dm-crypt")
    slaves = sorted((device / "slaves").iterdir()) if (device / "slaves").is_dir() and depth < 10 else []
    if slaves:
        below = [_device(slave, depth + 1) for slave in slaves]
        return next((each for each in below if not each.encrypted), below[0])
    return Volume(False, name) if _DISKS.match(name) else Volume(None, f"it is on {name}")


def _has_policy(path: Path) -> bool:
    """Whether fscrypt encrypts a folder."""
    with contextlib.suppress(ImportError, OSError):
        import fcntl

        folder = os.open(path if path.is_dir() else path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.ioctl(folder, _GET_POLICY, bytearray(struct.pack("=Q24x", 24)))
            return True
        finally:
            os.close(folder)
    return False


def _told(command: Sequence[str]) -> str:
    """What a tool of the system writes; nothing where it is not there, fails, or takes too long."""
    found = shutil.which(command[0])
    if found is None:
        return ""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        run = [found, *command[1:]]
        done = subprocess.run(run, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603 - fixed
        return done.stdout if done.returncode == 0 else ""
    return ""
