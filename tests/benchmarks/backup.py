"""The first backup of a vault, and a restore of the whole, beside restic on the same files."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from netto_tui.recovery import restore
from netto_tui.sync.round import close_all, open_replicas
from netto_tui.vault.vault import Vault
from tests.benchmarks.measure import Timing, directory_bytes, ratio, scratch, show, timed
from tests.benchmarks.stores import Stores, has


def run(sizes: Sequence[int]) -> None:
    """Print one table for the largest usual size; a tenth of it is the number of conversations."""
    conversations = max(size for size in (10_000, *sizes) if size <= 100_000) // 10
    with scratch() as folder:
        stores = Stores(folder, conversations)
        try:
            rows = _compare(stores)
        finally:
            stores.close()
    columns = ["work", "seconds", "CPU s", "MB there", "of restic"]
    note = "Each of ours reads back and compares what it wrote; restic does not. Goal: first backup 1x, restore 1.5x."
    show(f"Backup and restore of {conversations:,} conversations", columns, rows, note)


def _compare(stores: Stores) -> list[list[str]]:
    rows = []
    first = restored = Timing()
    if has("restic"):
        stores.restic("init")
        first = stores.restic("backup", str(stores.vault.sessions))
        rows.append(_row("restic: first backup", first, first, stores, "restic"))
        restored = stores.restic("restore", "latest", "--target", str(stores.root / "restored"))
        rows.append(_row("restic: restore", restored, restored, stores, "restored"))
    else:
        rows.append(["restic", "is not installed", "", "", ""])
    for kind in ("folder", "git"):
        rows.append(_row(f"{kind}: first backup", stores.sync(kind), first, stores, kind))
    for kind in ("folder", "git"):
        rows.append(_row(f"{kind}: restore", _restore(stores, kind), restored, stores, f"back-{kind}"))
    return rows


def _restore(stores: Stores, kind: str) -> Timing:
    """Bring everything back into an empty vault, verified and swapped in, as `netto-tui restore` does."""
    path = stores.root / f"back-{kind}"
    with Vault.create(path, zone="UTC", vault_id=stores.vault.id) as vault:
        replicas = open_replicas(vault, stores.config, [kind])
        try:
            with timed() as timing:
                report = restore.restore(vault, replicas[0])
        finally:
            close_all(replicas)
        assert report.ok and vault.digest() == stores.vault.digest()
    return timing


def _row(name: str, timing: Timing, peer: Timing, stores: Stores, place: str) -> list[str]:
    size = directory_bytes(stores.root / place) / 2**20
    if place == "restored":
        shutil.rmtree(stores.root / place)
    return [name, f"{timing.wall:.1f}", f"{timing.cpu:.1f}", f"{size:.0f}", ratio(timing.wall, peer.wall)]
