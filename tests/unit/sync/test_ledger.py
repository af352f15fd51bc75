"""The ledger: what is called synced was read back, and losing the ledger loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netto_tui.config import Config
from netto_tui.replicas.base import Batch, Held, Replica
from netto_tui.sync import events, journal
from netto_tui.sync import ledger as ledgers
from netto_tui.vault import writing
from tests.unit.sync.given import Device, Wrapped, files, held, here
from tests.unit.vault.talks import scratch, talk

NAMES = ("disk", "history")


class Forgetful(Wrapped):
    """A replica that reads back less than was written, once something was."""

    def __init__(self, real: Replica, lacking: set[str], cut: Callable[[Held], Held]) -> None:
        super().__init__(real)
        self.lacking = lacking
        self.cut = cut
        self.written = False

    def add(self, batch: Batch, expected: str) -> str:
        self.written = True
        return self.real.add(batch, expected)

    def read(self, names: Iterable[str]) -> Iterator[Held]:
        for each in self.real.read(names):
            yield self.cut(each) if self.written and each.name in self.lacking else each


CUTS: dict[str, Callable[[Held], Held]] = {
    "all of it": lambda found: Held(found.name),
    "the last record": lambda found: replace(found, records=found.records[:-1]),
}


@settings(max_examples=12)
@given(lacking=st.sets(st.integers(0, 4)), what=st.sampled_from(sorted(CUTS)), name=st.sampled_from(NAMES))
def test_nothing_is_proven_that_was_not_read_back(lacking: set[int], what: str, name: str) -> None:
    with scratch() as folder:
        device = Device(folder, kinds=["folder" if name == "disk" else "git"])
        talks = [talk(number) for number in range(5)]
        device.vault.add(record for each in talks for record in each)
        gone = {talks[number][0].rev.conversation for number in lacking}
        device.wraps[name] = lambda real: Forgetful(real, gone, CUTS[what])
        report = device.run(name)
        everything = {each[0].rev.conversation for each in talks}
        assert report.state == ("behind" if lacking else "ok")
        due = {each.name for each in device.ledger(name).outbox(0)}
        assert due == gone
        assert device.ledger(name).is_proven(device.vault.digest(), 0) == (not lacking)
        device.wraps.clear()
        assert device.run(name).state == "ok"
        assert set(device.ledger(name).held()) == everything
        assert held(device.open(name)) == here(device.vault)
        device.vault.close()


@pytest.mark.parametrize("name", NAMES)
def test_another_target_begins_with_an_empty_ledger(device: Device, name: str) -> None:
    device.vault.add(talk(1))
    device.sync()
    old = device.ledger(name)
    moved = [
        replace(each, target=f"{each.target}-moved") if each.name == name else each for each in device.config.replicas
    ]
    device.config = Config(replicas=tuple(moved))
    assert old.standing() is not None
    assert device.ledger(name).standing() is None
    report = device.run(name)
    assert (report.state, report.pushed, device.alerts()) == ("ok", 4, [])
    assert held(device.open(name)) == here(device.vault)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("loss", ["index", "standing"])
def test_losing_the_ledger_costs_a_reading_and_changes_nothing(device: Device, name: str, loss: str) -> None:
    device.vault.add(record for number in range(5) for record in talk(number))
    writing.delete(device.vault, talk(2)[0].rev.conversation, talk(2)[1].rev.item)
    device.time.pass_minutes(20)
    device.sync()
    before, digest, known = files(device.stores / name), device.vault.digest(), here(device.vault)
    if loss == "index":
        device.lose_index()
    else:
        with device.vault.transaction() as sql:
            sql.execute("DELETE FROM replicas")
    report = device.run(name)
    assert (report.state, report.pulled, report.pushed, report.healed) == ("ok", 0, 0, 0)
    assert files(device.stores / name) == before
    assert (device.vault.digest(), here(device.vault)) == (digest, known)
    assert device.alerts() == []
    assert device.ledger(name).count_held() == 5


def test_revisions_that_arrived_since_the_proof_are_the_fresh_ones(device: Device) -> None:
    device.vault.add(talk(1))
    device.run("disk")
    more = talk(1, 2, first=3)
    device.vault.add(more)
    device.vault.digest()
    (due,) = device.ledger("disk").outbox(0)
    assert device.ledger("disk").fresh(due) == {record.id for record in more}
    assert device.run("disk").pushed == 2


def test_what_lies_in_the_outbox_is_what_is_not_proven_latest_first(device: Device) -> None:
    device.vault.add([*talk(1, day=20), *talk(2, day=21)])
    device.run("disk")
    device.vault.add([*talk(3, day=22), *talk(4, day=19), *talk(1, 1, first=3, day=20)])
    device.vault.digest()
    due = device.ledger("disk").outbox(0)
    assert [(each.title, each.known) for each in due] == [("Talk 4", False), ("Talk 3", False), ("Talk 1", True)]


def test_a_doubt_about_one_conversation_takes_back_the_proof_of_the_whole(device: Device) -> None:
    device.vault.add([*talk(1), *talk(2)])
    device.run("disk")
    ledger = device.ledger("disk")
    assert ledger.is_proven(device.vault.digest(), 0)
    ledger.forget([talk(1)[0].rev.conversation], recheck=True)
    assert not ledger.is_proven(device.vault.digest(), 0)
    assert ledger.rechecks() == [talk(1)[0].rev.conversation]
    assert device.run("disk").state == "ok"
    assert ledger.is_proven(device.vault.digest(), 0)
    assert ledger.rechecks() == []


def test_the_journal_keeps_its_latest_lines(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "KEPT_LINES", 5)
    written = journal.Journal(device.vault, lambda event: None)
    for number in range(8):
        written(events.Alerted("2026-11-23T12:00:00.000Z", "disk", "clock", f"line {number}"))
        written.flush()
    with device.vault.reader() as reader:
        assert {row.detail for row in reader.journal()} == {f"line {number}" for number in range(3, 8)}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_while_a_pass_ends_is_not_called_proven(
    device: Device, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ledgers.Ledger.outbox
    late = [talk(2)]

    def outbox(ledger: ledgers.Ledger, quiet_since_ms: int) -> list[ledgers.Due]:
        found = real(ledger, quiet_since_ms)
        if not found and late:
            device.vault.add(late.pop())
        return found

    device.vault.add(talk(1))
    monkeypatch.setattr(ledgers.Ledger, "outbox", outbox)
    assert device.run(name).state == "behind"
    assert device.run(name).state == "ok"
    assert held(device.open(name)) == here(device.vault) == {record.id for record in [*talk(1), *talk(2)]}
