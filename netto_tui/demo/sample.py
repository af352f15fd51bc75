"""Making the sample vault, through the same doors as everything else: `Vault.add` and the sync engine."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from netto_tui import __version__
from netto_tui.config import Config, ReplicaConfig, save
from netto_tui.demo.apart import write_apart
from netto_tui.demo.calendar import Dated, conversations
from netto_tui.errors import Refused
from netto_tui.files import atomic_write, make_folder
from netto_tui.model.clock import to_ms
from netto_tui.model.revision import Record
from netto_tui.paths import Layout
from netto_tui.sync.journal import Journal
from netto_tui.sync.round import close_all, new_engine, open_replicas, sync_all
from netto_tui.vault.identity import Identity, check_zone, local_zone, save_identity
from netto_tui.vault.vault import Vault, wall_clock

HOUR = 3_600_000
MINUTE = 60_000

VAULT = "v_" + "de30" * 8
"""The sample is the same everywhere, and so is its name."""

_MARK = Path(".netto") / "demo"
_BEGUN, _DONE = b"begun\n", f"made by {__version__}\n".encode()


class _Hands:
    """A clock that is set by hand: the sample is made in seconds and looks like months."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def is_there(path: Path) -> bool:
    """Whether a complete sample vault of this version lies in a folder."""
    return _mark(path) == _DONE


def reset(path: Path) -> None:
    """Remove a sample vault, complete or not. Raises Refused for any other folder with something in it."""
    if not path.exists():
        return
    if not _mark(path):
        if any(path.iterdir()):
            raise Refused(f"{path} holds no sample vault.", remedy="Choose an empty folder with --vault.")
        return
    shutil.rmtree(path)


def make(path: Path, now: Callable[[], int] = wall_clock, *, zone: str = "") -> None:
    """Make the sample vault in a folder, in place of an earlier one; its replicas lie inside.

    now: milliseconds since 1970, until when things have happened. zone: IANA name, else this
    machine's. The same `now` and zone give the same conversations. Raises Refused for a folder
    that holds anything else.
    """
    reset(path)
    make_folder(path / ".netto")
    atomic_write(path / _MARK, _BEGUN)
    end = now()
    clock = _Hands(end - 30 * HOUR)
    config = _config(path)
    save_identity(path, Identity(VAULT, "laptop", check_zone(zone or local_zone())))
    with Vault.open(path, now=clock) as vault:
        save(Layout(path).config, config)
        dated = conversations(end, vault.zone, vault.device)
        _live(vault, config, clock, end, dated)
    _damage(path, dated)
    atomic_write(path / _MARK, _DONE)


def _live(vault: Vault, config: Config, clock: _Hands, end: int, dated: Sequence[Dated]) -> None:
    """What happened, in order: months, then a day with two devices, then an hour without the Git replica."""
    records = [record for each in dated for record in each.records]
    titles = {each.title: each.conversation for each in dated}
    _add_until(vault, records, clock.now)
    _sync(vault, config)
    with (
        tempfile.TemporaryDirectory() as folder,
        Vault.create(
            Path(folder) / "phone", device="phone", zone=vault.identity.zone, vault_id=vault.id, now=clock
        ) as phone,
    ):
        _sync(phone, config, ["disk"])
        clock.now = end - 6 * HOUR
        write_apart(vault, titles, phone=False)
        clock.now = end - 5 * HOUR
        write_apart(phone, titles, phone=True)
        _sync(phone, config, ["disk"])
    clock.now = end - 4 * HOUR
    _add_until(vault, records, clock.now)
    _sync(vault, config)
    clock.now = end - 2 * MINUTE
    _add_until(vault, records, end)
    _sync(vault, config, ["disk"])


def _config(path: Path) -> Config:
    replicas = path / "replicas"
    return Config(
        replicas=(
            ReplicaConfig("disk", "folder", str(replicas / "disk"), plain=True),
            ReplicaConfig("history", "git", str(replicas / "history.git"), plain=True),
        )
    )


def _add_until(vault: Vault, records: Sequence[Record], end: int) -> None:
    """Take in everything that was said by then; what is known already is no matter."""
    vault.add(record for record in records if to_ms(record.rev.at) <= end)


def _sync(vault: Vault, config: Config, names: Sequence[str] = ()) -> None:
    journal = Journal(vault, lambda _event: None)
    replicas = open_replicas(vault, config, names)
    try:
        sync_all(new_engine(vault, config, journal), replicas, complete=not names)
    finally:
        journal.flush()
        close_all(replicas)


def _damage(path: Path, dated: Sequence[Dated]) -> None:
    """Flip one bit in a record on the disk, as an old medium does; verification finds and sync heals it."""
    name = next(each.conversation for each in dated if each.title == "Knots")
    file = next((path / "replicas" / "disk").glob(f"sessions/*/*/*/{name}.jsonl"))
    data = bytearray(file.read_bytes())
    data[data.index(b"Bowline")] ^= 0x01
    file.write_bytes(data)


def _mark(path: Path) -> bytes:
    try:
        return (path / _MARK).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return b""
