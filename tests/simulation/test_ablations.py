"""The tests of the tests: with one safety switched off, the simulation has to find it out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pytest

from netto_tui.errors import InvalidRecord
from netto_tui.model.formats import decode
from netto_tui.model.revision import _HEAD, _ID_END, _REV_START, Deleted, Record, mint
from netto_tui.replicas.base import Changes
from netto_tui.sync import pull
from netto_tui.sync.push import Item, Push
from netto_tui.vault.adding import Added
from netto_tui.vault.vault import Vault
from tests.simulation import memory_replica
from tests.simulation.memory_replica import MemoryReplica
from tests.simulation.test_devices import run
from tests.unit.vault.talks import scratch

SEEDS = 60


def corrupt_taken_for_content(patch: pytest.MonkeyPatch) -> None:
    def trusting(line: bytes) -> Record:
        raw = line[_REV_START:-1]
        try:
            return Record(line[len(_HEAD) : _ID_END].decode(), raw, decode(raw))
        except UnicodeDecodeError as error:
            raise InvalidRecord("No name.") from error

    patch.setattr(memory_replica, "read_line", trusting)


def absence_taken_for_deletion(patch: pytest.MonkeyPatch) -> None:
    miss = pull.Pull._miss

    def delete(self: pull.Pull, conversation: str) -> None:
        vault = self.context.vault
        records = vault.records(conversation)
        items = {record.rev.item: record for record in records}
        vault.add(
            mint(conversation, item, Deleted(), vault.clock.stamp(), [r.id for r in records if r.rev.item == item])
            for item in items
        )
        miss(self, conversation)

    patch.setattr(pull.Pull, "_miss", delete)


def proof_without_reading_back(patch: pytest.MonkeyPatch) -> None:
    def believe(self: Push, batch: list[Item], blobs: dict[str, bytes], incomplete: set[str]) -> None:
        self.context.ledger.record({due.name: due.digest for due, _ in batch}, set())

    patch.setattr(Push, "_prove", believe)


def newest_clock_wins(patch: pytest.MonkeyPatch) -> None:
    """Of several records of an item only the one with the latest stamp is taken in."""
    add = Vault.add

    def latest(
        self: Vault, records: Iterable[Record], blobs: Mapping[str, bytes] | None = None, origin: str = "local"
    ) -> Added:
        if origin == "local":
            return add(self, records, blobs, origin)
        best: dict[tuple[str, str], Record] = {}
        for record in sorted(records, key=lambda record: record.order):
            best[record.rev.conversation, record.rev.item] = record
        return add(self, list(best.values()), blobs, origin)

    patch.setattr(Vault, "add", latest)


def a_cursor_moved_before_the_records_are_in(patch: pytest.MonkeyPatch) -> None:
    changes = MemoryReplica.changes

    def skipping(self: MemoryReplica, since: str = "") -> Changes:
        found = changes(self, since)
        if since and not found.rewritten:
            return Changes(found.cursor, frozenset(sorted(found.names)[1:]), complete=False)
        return found

    patch.setattr(MemoryReplica, "changes", skipping)


@pytest.mark.parametrize(
    "ablation",
    [
        corrupt_taken_for_content,
        absence_taken_for_deletion,
        proof_without_reading_back,
        newest_clock_wins,
        a_cursor_moved_before_the_records_are_in,
    ],
)
def test_the_simulation_notices(
    ablation: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        ablation(patch)
        for seed in range(SEEDS):
            try:
                with scratch() as folder:
                    run(seed, folder, monkeypatch)
            except Exception:
                return
    pytest.fail(f"{SEEDS} seeds found nothing wrong with {ablation.__name__.replace('_', ' ')}.")
