"""Devices with real vaults, replicas in memory, and everything that happens to both.

One source of random choices decides all of it, names included, so that a seed tells the same story
every time. Nothing destroys the last copy of a record: then whatever is missing at the end was lost
by the code.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import TypeVar

from netto_tui.cli.key_holding import spread
from netto_tui.errors import Unreachable, UsageError
from netto_tui.model.revision import Deleted
from netto_tui.recovery.index_check import index_faults
from netto_tui.recovery.verify import verify
from netto_tui.replicas import days
from netto_tui.replicas.base import Presence, Replica
from netto_tui.security import custody, rotation
from netto_tui.security.envelope import PLAIN, Sealed
from netto_tui.security.keyset import KeySet
from netto_tui.sync import events
from netto_tui.sync.engine import Engine
from netto_tui.sync.ledger import open_conflicts
from netto_tui.sync.round import sync_all
from netto_tui.vault import sessions, writing
from netto_tui.vault.vault import Vault
from tests.simulation.memory_replica import MemoryReplica, Moment, Store
from tests.unit.vault.talks import Time, new_vault

T = TypeVar("T")
SENTENCES = ["Beans are red.", "Peas are green.", "Corn is yellow."]
CHANGES = ["Beans are white.", "Peas are sweet.", "Corn is high.", "Oats are grey."]


class PowerCut(BaseException):
    """The device stops here; nothing after it happens."""


class Trouble:
    """What goes wrong between a device and its replicas.

    rate: the share of calls that fail. crash_in: after how many calls the device stops, if ever.
    meanwhile: called at each of them, for another device to go on.
    """

    def __init__(self, random: Random) -> None:
        self.random = random
        self.rate = 0.0
        self.crash_in: int | None = None
        self.meanwhile: Callable[[], None] = lambda: None

    def __call__(self, _call: str, _moment: Moment) -> None:
        self.meanwhile()
        if self.crash_in is not None:
            self.crash_in -= 1
            if self.crash_in < 0:
                self.crash_in = None
                raise PowerCut
        if self.rate and self.random.random() < self.rate:
            raise Unreachable("The line is down.")

    def end(self) -> None:
        """No more of it."""
        self.rate, self.crash_in, self.meanwhile = 0.0, None, lambda: None


class Device:
    """One vault and its view of the stores. sealed: with the keys of the vault, which have to come to it."""

    def __init__(
        self, folder: Path, name: str, stores: Sequence[Store], random: Random, *, sealed: bool = False
    ) -> None:
        self.name = name
        self.time = Time()
        self.trouble = Trouble(random)
        envelope = Sealed(self.keys) if sealed else PLAIN
        self.replicas = [MemoryReplica(f"r{n}", store, self.trouble, envelope) for n, store in enumerate(stores)]
        self.told: list[events.SyncEvent] = []
        self.vault = new_vault(folder / name, device=name, now=self.time)

    @property
    def path(self) -> Path:
        return self.vault.path

    def keys(self) -> KeySet:
        """The keys that it has."""
        return custody.load(self.path, self.vault.id)

    def stop(self) -> None:
        """What a kill leaves: no lock, no connection, only files."""
        self.vault._lock._processes.release(force=True)
        self.vault.sql.close()

    def start(self) -> None:
        self.vault = Vault.open(self.path, now=self.time)

    def ids(self) -> set[str]:
        """Every good record in the session files."""
        return {
            line.record.id
            for folder in sessions.folders(self.path / "sessions")
            for name in sessions.names(self.path / "sessions", folder.day)
            for line in sessions.read(sessions.path_of(self.path / "sessions", folder.day, name)).lines
        }

    def indexed(self) -> set[str]:
        """Every record that the device has said it has."""
        return {row[0].hex() for row in self.vault.sql.execute("SELECT id FROM revisions")}

    def sync(self, chosen: Sequence[MemoryReplica] = (), rebuild: Sequence[str] = ()) -> list[events.PassReport]:
        engine = Engine(self.vault, self.told.append, new_id=lambda: uuid.uuid4().hex)
        everything = list(chosen) or self.replicas
        return sync_all(engine, everything, rebuild=rebuild, complete=len(everything) == len(self.replicas))


class World:
    """Two devices, two replicas, and a diary of what happened. sealed: the replicas, with keys that rotate."""

    def __init__(
        self, folder: Path, random: Random, *, devices: int = 2, stores: int = 2, sealed: bool = False
    ) -> None:
        self.random = random
        self.sealed = sealed
        self.stores = [Store(Sealed(self.newest_keys) if sealed else PLAIN) for _ in range(stores)]
        self.devices = [
            Device(folder, f"device{number}", self.stores, random, sealed=sealed) for number in range(devices)
        ]
        if sealed:
            first, *others = self.devices
            _, code = custody.make(first.path, first.vault.id)
            for device in others:
                custody.enroll(device.path, device.vault.id, custody.slots(first.path), code.text)
        self.acknowledged: set[str] = set()
        self.deletions: set[str] = set()
        self.conversations: list[str] = []
        self.backups: list[tuple[int, Store]] = []
        self.away: dict[int, Presence] = {}
        self.diary: list[str] = []

    def newest_keys(self) -> KeySet:
        """Those of the device that heard of the latest rotation."""
        return max((device.keys() for device in self.devices), key=lambda keys: keys.current)

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.random.randrange(len(choices))]

    def tell(self, text: str) -> None:
        self.diary.append(text)

    def acknowledge(self, device: Device) -> None:
        self.acknowledged |= device.indexed()

    def note_writing(self, device: Device) -> None:
        """What a device says it has after a person wrote something, deletions among it."""
        rows = device.vault.sql.execute("SELECT id FROM revisions WHERE kind = 'deleted' AND origin = 'local'")
        self.deletions |= {row[0].hex() for row in rows} - self.acknowledged
        self.acknowledge(device)

    def is_elsewhere(self, ids: set[str], but: Store | Device) -> bool:
        """Whether records that are about to be destroyed here lie in another place as well."""
        others: set[str] = set()
        places: list[Store | Device] = [*self.stores, *self.devices]
        for place in places:
            if place is not but:
                others |= place.ids()
        return self.acknowledged & ids <= others

    def begin(self) -> None:
        """One state that everybody has."""
        for _ in range(2):
            self._begin(self.devices[0])
        for device in self.devices:
            device.sync()
            self.acknowledge(device)
        for number, store in enumerate(self.stores):
            self.backups.append((number, store.snapshot()))

    # What people do

    def write(self, device: Device) -> None:
        """Log, edit, delete or decide something."""
        act = self.pick(["begin", "log", "log", "edit", "edit", "edit", "delete", "decide"])
        self.tell(f"{device.name} {act}")
        with suppress(UsageError):  # there is nothing to edit, or it is deleted
            getattr(self, f"_{act}")(device)
        self.note_writing(device)

    def _begin(self, device: Device) -> None:
        record = writing.log(device.vault, None, "user", " ".join(SENTENCES), title=self.pick(["A", "B"]))
        self.conversations.append(record.rev.conversation)

    def _log(self, device: Device) -> None:
        here = [name for name in self.conversations if (e := device.vault.index.entry(name)) and e.revisions]
        if not here:
            return self._begin(device)
        writing.log(device.vault, self.pick(here), "assistant", self.pick(SENTENCES), title=self.pick(["", "C"]))
        return None

    def _item(self, device: Device) -> tuple[str, str]:
        rows = device.vault.sql.execute(
            "SELECT name, item FROM messages JOIN conversations ON conversations.id = conversation ORDER BY name, item"
        ).fetchall()
        shared = [row for row in rows if row[0] == self.conversations[0]]
        if self.random.random() < 0.7:
            rows = shared  # where devices meet
        if not rows:
            raise UsageError("There is nothing.")
        name, item = self.pick(rows)
        return str(name), str(item)

    def _edit(self, device: Device) -> None:
        name, item = self._item(device)
        sentences = list(SENTENCES)
        sentences[self.random.randrange(3)] = self.pick(CHANGES)
        writing.edit(device.vault, name, item, " ".join(sentences))

    def _delete(self, device: Device) -> None:
        name, item = self._item(device)
        writing.delete(device.vault, name, item if self.random.random() < 0.8 else None)

    def _decide(self, device: Device) -> None:
        if conflicts := sorted(open_conflicts(device.vault)):
            name, item = self.pick(conflicts)
            versions = device.vault.item(name, item).versions
            writing.resolve(device.vault, name, item, self.pick([*(v.body for v in versions), Deleted()]))

    def rotate(self, device: Device) -> None:
        """Seal with a new key from now on, where all replicas are there to take its slots.

        No line is down meanwhile, and the device has heard of every rotation before: two devices that made other
        keys of one number need a person to choose.
        """
        if self.away:
            return
        meanwhile = device.trouble.meanwhile
        device.trouble.end()
        engine = Engine(device.vault, device.told.append, new_id=lambda: uuid.uuid4().hex)
        put = partial(spread, engine, list[Replica](device.replicas))
        put({})
        if device.keys() != self.newest_keys():  # the replicas that told of them were emptied or turned back
            device.trouble.meanwhile = meanwhile
            return
        try:
            done = rotation.rotate(device.path, device.vault.id, put, least=len(self.stores))
            self.tell(f"{device.name} rotates to key {done.keys.current}")
        except Unreachable:  # another device had put its own keys there first
            self.tell(f"{device.name} takes over key {device.keys().current}")
        device.trouble.meanwhile = meanwhile

    def pass_time(self, device: Device) -> None:
        """An hour goes by, or the clock is set back or forth by one."""
        minutes = self.pick([1, 20, 60, -60])
        self.tell(f"{device.name} clock {minutes:+} min")
        device.time.pass_minutes(minutes)

    # What machines do

    def sync(self, device: Device, *, rate: float = 0.0, crash_in: int | None = None) -> None:
        """A pass over some replicas in some order, with trouble on the way."""
        chosen = list(device.replicas)
        self.random.shuffle(chosen)
        chosen = chosen[: self.pick([1, len(chosen), len(chosen)])]
        device.trouble.rate, device.trouble.crash_in = rate, crash_in
        names = ", ".join(replica.name for replica in chosen)
        harms = [replica.store.harms for replica in chosen]
        try:
            reports = device.sync(chosen)
            for replica, report, before in zip(chosen, reports, harms, strict=True):
                if report.state == "ok" and replica.store.harms == before:
                    self.check_proof(device, replica)
            self.tell(f"{device.name} sync {names}: {', '.join(report.state for report in reports)}")
        except PowerCut:
            self.tell(f"{device.name} sync {names}: power cut")
            device.stop()
            device.start()
        finally:
            device.trouble.rate, device.trouble.crash_in = 0.0, None
        self.acknowledge(device)

    def check_proof(self, device: Device, replica: MemoryReplica) -> None:
        """What was just proven is there, unless the store was hurt in a way that it does not show."""
        row = device.vault.sql.execute("SELECT root FROM replicas WHERE name = ?", (replica.name,)).fetchone()
        if row == (device.vault.digest(),) and not replica.store.hurt:
            assert device.indexed() <= replica.store.ids(), f"{replica.name} lacks what was proven to be there"

    def lose_index(self, device: Device) -> None:
        """The index goes, and with it ledger, journal and queue."""
        self.tell(f"{device.name} loses its index")
        device.stop()
        for file in device.path.glob("index.db*"):
            file.unlink()
        device.start()

    def hurt_device(self, device: Device) -> None:
        """Something of the session files goes or rots, if it lies elsewhere as well."""
        files = sorted(file for file in (device.path / "sessions").rglob("*.jsonl") if file.stat().st_size)
        if not files:
            return
        file, how = self.pick(files), self.pick(["rot", "cut", "lose", "lose all"])
        doomed = files if how == "lose all" else [file]
        ids = {line.record.id for each in doomed for line in sessions.read(each).lines}
        if not self.is_elsewhere(ids, device):
            return
        self.tell(f"{device.name} files: {how}")
        device.stop()
        if how == "lose all":
            shutil.rmtree(device.path / "sessions")
        elif how == "lose":
            file.unlink()
        else:
            data = file.read_bytes()
            at = self.random.randrange(len(data))
            file.write_bytes(data[:at] if how == "cut" else data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        if file.parent.exists():  # by more than a tick of the disk's clock, so that every run notices it
            days.advance(file.parent, file.parent.stat().st_mtime_ns)
        device.start()

    def hurt_store(self, number: int) -> None:
        """A replica loses something, rots, or becomes what it was; if all of it lies elsewhere as well."""
        store = self.stores[number]
        how = self.pick(["lose", "rot", "roll back", "empty", "back up", "go away"])
        if number in self.away:
            self.come_back(number)
            how = "come back"
        elif how == "back up":
            self.backups.append((number, store.snapshot()))
        elif how == "go away":
            self.away[number] = store.presence
            store.presence = "absent"
        elif store.presence != "present" or not getattr(self, f"_{how.replace(' ', '_')}")(number, store):
            return
        self.tell(f"r{number}: {how}")
        store.harms += 1

    def come_back(self, number: int) -> None:
        if number in self.away:
            self.stores[number].presence = self.away.pop(number)

    def _lose(self, _number: int, store: Store) -> bool:
        names = sorted(store.lines)
        if not names:
            return False
        name = self.pick(names)
        if not self.is_elsewhere(set(store.records(name)), store):
            return False
        del store.lines[name]
        self._tell_or_not(store, name)
        return True

    def _tell_or_not(self, store: Store, name: str) -> None:
        """Whether a listing shows that something changed, or only reading does."""
        if self.random.random() < 0.5:
            store.changed({name})
        else:
            store.hurt = True

    def _rot(self, _number: int, store: Store) -> bool:
        names = sorted(name for name, lines in store.lines.items() if lines)
        if not names:
            return False
        name = self.pick(names)
        if not self.is_elsewhere(set(store.records(name)), store):
            return False
        lines = store.lines[name]
        number = self.random.randrange(len(lines))
        at = self.random.randrange(len(lines[number]))
        lines[number] = lines[number][:at] + bytes([lines[number][at] ^ 1]) + lines[number][at + 1 :]
        self._tell_or_not(store, name)
        return True

    def _roll_back(self, number: int, store: Store) -> bool:
        backups = [old for at, old in self.backups if at == number and old.presence == "present"]
        if not backups:
            return False
        old = self.pick(backups)
        if not self.is_elsewhere(store.ids() - old.ids(), store):
            return False
        store.roll_back(old)
        return True

    def _empty(self, _number: int, store: Store) -> bool:
        if not self.is_elsewhere(store.ids(), store):
            return False
        store.empty()
        return True

    # What must hold in the end

    def settle(self) -> None:
        """Faults end and everybody syncs; then everybody looks at everything once, and syncs again."""
        for number in range(len(self.stores)):
            self.come_back(number)
        for device in self.devices:
            device.trouble.end()
            device.time.pass_minutes(3 * 24 * 60)
            for replica in device.replicas:
                replica.hide, replica.distort = lambda names: names, lambda line: line
                replica.forgets = lambda: False
        self.everybody_syncs()
        for store in self.stores:
            if not store.hurt:
                assert self.acknowledged <= store.ids(), "a proof is ahead of what is there"
        for device in self.devices:
            verify(device.vault, device.replicas)
        self.everybody_syncs()

    def everybody_syncs(self) -> None:
        """At most three times. Where two devices rotated at once, a person says whose slots count."""
        for _ in range(3):
            for device in self.devices:
                split = [each.name for each in device.sync() if "puts the slots of this device there" in each.error]
                if split:
                    self.tell(f"{device.name} puts its slots on {', '.join(split)}")
                    device.sync(rebuild=split)

    def check(self) -> None:
        """All places are equal and whole, and nothing that was acknowledged is missing."""
        one = self.devices[0].ids()
        for device in self.devices:
            assert self.acknowledged <= device.ids(), f"{len(self.acknowledged - device.ids())} lost on {device.name}"
            assert device.ids() == device.indexed() == one
            assert device.vault.digest() == self.devices[0].vault.digest()
            assert open_conflicts(device.vault) == open_conflicts(self.devices[0].vault)
            assert index_faults(device.vault) == []
            found = device.vault.sql.execute("SELECT id FROM revisions WHERE kind = 'deleted'").fetchall()
            assert {row[0].hex() for row in found} <= self.deletions, "something was deleted that nobody deleted"
        for store in self.stores:
            assert store.ids() == one
            assert sum(map(len, store.lines.values())) == len(one), "something rotten is still there"

    def decide_everything(self) -> None:
        """One person settles every conflict on one device; then no device has any."""
        first = self.devices[0]
        for name, item in sorted(open_conflicts(first.vault)):
            version = first.vault.item(name, item).value
            writing.resolve(first.vault, name, item, version.body)
        self.note_writing(first)
        for device in (*self.devices, *self.devices):
            device.sync()
        self.check()
        for device in self.devices:
            assert not open_conflicts(device.vault)

    def rest(self) -> None:
        """Passes over what is equal write nothing and cost one request each."""
        for device in self.devices:
            before = [replica.writes for replica in device.replicas]
            reports = device.sync()
            assert [report.state for report in reports] == ["ok"] * len(reports), reports
            assert [report.requests for report in reports] == [1] * len(reports)
            assert [replica.writes for replica in device.replicas] == before

    def end(self) -> None:
        """Settle and hold everything to what must be so."""
        self.settle()
        self.check()
        self.decide_everything()
        self.rest()

    def close(self) -> None:
        for device in self.devices:
            device.vault.close()


def deterministic_names(random: Random) -> Callable[[], uuid.UUID]:
    """What to put in the place of uuid.uuid4."""
    return lambda: uuid.UUID(int=random.getrandbits(128), version=4)
