"""Whether the volume of a vault is encrypted: told where it can be, and never promised where it cannot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netto_tui.setup import disk

ROOT = "22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw"


def block(root: Path, number: str, name: str, *, uuid: str = "", below: tuple[Path, ...] = ()) -> Path:
    """A block device as /sys shows it."""
    device = root / "devices" / name
    (device / "slaves").mkdir(parents=True)
    for one in below:
        (device / "slaves" / one.name).symlink_to(one)
    if uuid:
        (device / "dm").mkdir()
        (device / "dm" / "uuid").write_text(f"{uuid}\n")
    for place in (root / "dev" / "block" / number, root / "class" / "block" / name):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(device)
    return device


def test_a_plain_disk_is_said_to_be_open(tmp_path: Path) -> None:
    block(tmp_path, "8:2", "sda2")
    assert disk.mounted(Path("/home/me/vault"), ROOT, tmp_path) == disk.Volume(False, "sda2")


def test_lvm_on_luks_is_encrypted_and_lvm_over_one_open_disk_is_not(tmp_path: Path) -> None:
    plain = block(tmp_path, "8:2", "sda2")
    safe = block(tmp_path, "253:0", "dm-0", uuid="CRYPT-LUKS2-1234-luks", below=(plain,))
    block(tmp_path, "253:1", "dm-1", uuid="LVM-abc", below=(safe,))
    block(tmp_path, "253:2", "dm-2", uuid="LVM-def", below=(safe, plain))
    for number, encrypted in (("253:1", True), ("253:2", False)):
        table = f"{ROOT}\n30 22 {number} / /home rw - ext4 /dev/mapper/home rw"
        assert disk.mounted(Path("/home/me/vault"), table, tmp_path).encrypted is encrypted


def test_the_mount_that_counts_is_the_nearest_and_the_latest(tmp_path: Path) -> None:
    block(tmp_path, "8:2", "sda2")
    block(tmp_path, "253:0", "dm-0", uuid="CRYPT-LUKS2-1234-luks")
    home = "30 22 253:0 / /home\\040two rw - ext4 /dev/dm-0 rw"
    assert disk.mounted(Path("/home two/me"), f"{ROOT}\n{home}", tmp_path).encrypted is True
    assert disk.mounted(Path("/home twofold/me"), f"{ROOT}\n{home}", tmp_path).encrypted is False
    over = "31 30 8:2 / /home\\040two rw - ext4 /dev/sda2 rw"
    assert disk.mounted(Path("/home two/me"), f"{ROOT}\n{home}\n{over}", tmp_path).encrypted is False


def test_btrfs_is_found_by_the_name_of_its_device(tmp_path: Path) -> None:
    block(tmp_path, "8:2", "sda2")
    table = "22 1 0:30 /@home /home rw - btrfs /dev/sda2 rw"
    assert disk.mounted(Path("/home/me"), table, tmp_path) == disk.Volume(False, "sda2")


@pytest.mark.parametrize(
    ("kind", "source", "encrypted"),
    [
        ("ecryptfs", "/home/.ecryptfs/me/.Private", True),
        ("fuse.gocryptfs", "/home/me/.cipher", True),
        ("nfs4", "server:/home", None),
        ("tmpfs", "tmpfs", None),
        ("overlay", "overlay", None),
        ("ext4", "/dev/loop0", None),
        ("fuse.sshfs", "me@there:", None),
    ],
)
def test_what_cannot_be_told_is_unknown(kind: str, source: str, encrypted: bool | None, tmp_path: Path) -> None:
    block(tmp_path, "7:0", "loop0")
    table = f"{ROOT}\n40 22 7:0 / /home/me rw - {kind} {source} rw"
    assert disk.mounted(Path("/home/me/vault"), table, tmp_path).encrypted is encrypted


@pytest.mark.parametrize(
    "table", ["", "nonsense", "1 2 3", "22 1 8:2 / / rw - ext4", "22 1 8:2 / /elsewhere rw - ext4 x"]
)
def test_a_list_of_mounts_that_makes_no_sense_promises_nothing(table: str, tmp_path: Path) -> None:
    assert disk.mounted(Path("/home/me"), table, tmp_path).encrypted is None


def test_what_the_tools_of_other_systems_say() -> None:
    assert disk.file_vault("FileVault is On.\n").encrypted is True
    assert disk.file_vault("FileVault is Off.\n").encrypted is False
    assert disk.file_vault("Error: not authorised").encrypted is None
    assert disk.zfs("aes-256-gcm\n").encrypted is True
    assert disk.zfs("off\n").encrypted is False
    assert disk.zfs("").encrypted is None


def test_a_system_that_is_not_known_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "plan9")
    found = disk.check(tmp_path)
    assert (found.state, "unknown" in found.detail, bool(found.remedy)) == ("warn", True, True)


def test_this_machine_is_looked_at_even_where_the_vault_is_not_made_yet(tmp_path: Path) -> None:
    found = disk.check(tmp_path / "not" / "there")
    assert found.state == ("ok" if disk.volume(Path(os.path.realpath(tmp_path))).encrypted else "warn")
    assert "promise" not in found.detail and found.detail
