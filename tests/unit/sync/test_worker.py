"""The worker: a thread that keeps the replicas equal. Its clock stands; the tests wait for what it tells."""

from __future__ import annotations

import json
import shutil
import threading
from typing import Any

import pytest

from netto_tui.config import ReplicaConfig, SourceConfig
from netto_tui.sync import events, worker
from netto_tui.sync.schedule import DEBOUNCE_MS
from netto_tui.sync.watch import MEMORY_MS
from netto_tui.sync.worker import Worker
from netto_tui.vault import writing
from netto_tui.vault.vault import Vault
from tests.unit.sync.given import here
from tests.unit.sync.told import SECONDS, Told, ticks
from tests.unit.sync.working import Place, hold_the_first_write
from tests.unit.vault.talks import talk


def test_it_begins_with_a_pass_over_every_replica(place: Place) -> None:
    place.vault.add(talk(1))
    place.start()
    assert place.told.passes("disk", 1).state == "ok"
    assert place.told.passes("history", 1).state == "ok"
    assert place.there("disk") == place.there("history") == here(place.vault)


def test_a_change_goes_to_the_folder_at_once_and_to_git_at_its_interval(place: Place) -> None:
    place.begin()
    record = writing.log(place.vault, None, "user", "Is it raining?")
    ticks()
    assert len(place.told.reports("disk")) == 1
    place.time.ms += DEBOUNCE_MS
    place.told.passes("disk", 2)
    assert record.id in place.there("disk")
    ticks()
    assert len(place.told.reports("history")) == 1
    place.time.pass_minutes(30)
    place.told.passes("history", 2)
    assert record.id in place.there("history")


def test_it_waits_until_nothing_further_changes(place: Place) -> None:
    place.begin()
    for number in range(3):
        place.vault.add(talk(number))
        ticks()
        place.time.ms += DEBOUNCE_MS - 1
        ticks()
        assert len(place.told.reports("disk")) == 1
    place.time.ms += 1
    assert place.told.passes("disk", 2).pushed == 12


def test_nothing_is_done_while_nothing_changes_and_nothing_is_due(place: Place) -> None:
    place.vault.add(talk(1))
    place.begin()
    place.time.pass_minutes(29)
    ticks(5)
    assert (len(place.told.reports("disk")), len(place.told.reports("history"))) == (1, 1)


def test_sync_now_means_now_for_all_or_for_those_that_are_named(place: Place) -> None:
    begun = place.begin()
    begun.sync_now(["history"])
    place.told.passes("history", 2)
    ticks()
    assert len(place.told.reports("disk")) == 1
    begun.sync_now()
    place.told.passes("disk", 2)
    place.told.passes("history", 3)


def test_a_lost_replica_is_made_again_when_a_person_says_so(place: Place) -> None:
    place.vault.add(talk(1))
    begun = place.begin()
    shutil.rmtree(place.folder / "history")
    begun.sync_now(["history"])
    place.told.passes("history", 2)
    assert place.told.reports("history")[-1].state == "unreachable"
    begun.rebuild("history")
    place.told.passes("history", 3)
    assert place.told.reports("history")[-1].state == "ok"
    assert place.there("history") == here(place.vault)
    shutil.rmtree(place.folder / "history")
    begun.sync_now(["history"])
    place.told.passes("history", 4)
    assert place.told.reports("history")[-1].state == "unreachable", "the word counts once"


def test_a_loss_in_the_vault_is_noticed_while_it_is_open(place: Place) -> None:
    place.vault.add([*talk(1, day=21), *talk(2, day=22)])
    begun = place.begin()
    before = here(place.vault)
    shutil.rmtree(place.vault.path / "sessions" / "2026" / "11" / "21")
    begun.sync_now()
    place.told.passes("history", 2)
    assert here(place.vault) == before


def test_a_replica_that_fails_is_left_alone_until_its_time_or_until_somebody_asks(place: Place) -> None:
    place.vault.add(talk(1))
    begun = place.begin()
    shutil.move(place.folder / "disk", place.folder / "away")
    begun.sync_now(["disk"])
    assert place.told.passes("disk", 2).state == "unreachable"
    ticks()
    place.vault.add(talk(2))
    place.time.ms += DEBOUNCE_MS
    ticks()
    assert len(place.told.reports("disk")) == 2
    begun.sync_now()
    assert place.told.passes("disk", 3).state == "unreachable"
    shutil.move(place.folder / "away", place.folder / "disk")
    ticks()
    assert len(place.told.reports("disk")) == 3
    place.time.pass_minutes(5)
    assert place.told.passes("disk", 4).state == "ok"
    assert place.there("disk") == here(place.vault)


def test_how_often_it_failed_outlives_the_process(place: Place) -> None:
    begun = place.begin()
    shutil.rmtree(place.folder / "disk")
    for count in range(3):
        begun.sync_now(["disk"])
        place.told.passes("disk", 2 + count)
    assert begun.stop(SECONDS)
    again = Told()
    place.start(again)
    again.passes("history", 1)
    place.time.pass_minutes(4.9)
    ticks()
    assert again.reports("disk") == []
    place.time.pass_minutes(1.2)
    assert again.passes("disk", 1).state == "unreachable"


def test_it_ends_soon_also_in_the_middle_of_a_pass(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.vault.add(record for number in range(5) for record in talk(number))
    inside, go_on = hold_the_first_write(monkeypatch)
    begun = place.start()
    assert inside.wait(SECONDS)
    assert "syncing disk" in begun.busy
    assert not begun.stop(0)
    go_on.set()
    assert begun.stop(2)
    assert begun.busy == ""
    assert [report.state for report in place.told.reports("disk")] == ["behind"]


def test_a_pass_that_is_cancelled_counts_as_no_failure_and_the_worker_goes_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.vault.add(talk(1))
    inside, go_on = hold_the_first_write(monkeypatch)
    begun = place.start()
    assert inside.wait(SECONDS)
    begun.cancel()
    go_on.set()
    assert place.told.passes("disk", 1).state == "behind"
    place.told.passes("history", 1)
    begun.sync_now()
    assert place.told.passes("disk", 2).state == "ok"
    assert place.there("disk") == here(place.vault)


def test_stopping_one_that_never_began_is_no_fault(place: Place) -> None:
    assert Worker(place.vault.path, place.told, now=place.time).stop()


def test_a_second_worker_stands_by_until_the_first_one_ends(place: Place) -> None:
    first = place.begin()
    other = Told()
    second = place.start(other)
    place_is_taken = threading.Event()

    def watch() -> None:
        while "another process" not in second.busy and not place_is_taken.wait(0.01):
            pass
        place_is_taken.set()

    threading.Thread(target=watch, daemon=True).start()
    assert place_is_taken.wait(SECONDS)
    assert other.events == []
    assert first.stop(SECONDS)
    assert other.passes("disk", 1).state == "ok"
    assert "another process" not in second.busy


def test_broken_settings_are_told_and_do_not_end_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "TICK_SECONDS", 0.001)
    begun = place.begin()
    (place.vault.path / "config.toml").write_text("replicas = 7")
    place.told.wait(lambda: any(each.code == "worker" for each in place.told.alerts()))
    assert "config.toml" in place.told.alerts()[-1].text
    place.configure()
    begun.sync_now()
    assert place.told.passes("disk", 2).state == "ok"


def test_a_disk_that_refuses_is_told_and_does_not_end_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "TICK_SECONDS", 0.001)
    begun = place.begin()
    place.vault.add(talk(1))
    pages = place.vault.path / "memory"
    shutil.rmtree(pages, ignore_errors=True)
    pages.write_text("in the way")
    begun.sync_now()
    place.told.wait(lambda: any(each.code == "worker" for each in place.told.alerts()))
    pages.unlink()
    begun.sync_now()
    assert place.told.passes("disk", 2).state == "ok"
    assert place.there("disk") == here(place.vault)


def test_a_mistake_of_ours_is_told_without_its_message_and_does_not_end_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "TICK_SECONDS", 0.001)
    begun = place.begin()
    usual, faults = Worker._turn, iter([TypeError("said in private")])

    def turn(self: Worker, *arguments: Any) -> None:
        if fault := next(faults, None):
            raise fault
        usual(self, *arguments)

    monkeypatch.setattr(Worker, "_turn", turn)
    begun.sync_now()
    place.told.wait(lambda: any(each.code == "worker" for each in place.told.alerts()))
    log = (place.vault.path / "log" / "app.log").read_text()
    for text in (place.told.alerts()[-1].text, log):
        assert "TypeError" in text and "private" not in text
    assert "in turn" in log
    begun.sync_now()
    assert place.told.passes("disk", 2).state == "ok"


def test_it_takes_up_new_settings_by_itself(place: Place) -> None:
    place.begin()
    place.configure(replicas=(ReplicaConfig("attic", "folder", str(place.folder / "attic"), plain=True),))
    assert place.told.passes("attic", 1).state == "ok"


def test_edits_of_memory_files_are_noticed_and_pushed(place: Place) -> None:
    place.vault.add(talk(1))
    place.begin()
    page = place.vault.path / "memory" / "2026-11-23.md"
    page.write_text(page.read_text().replace("hello 1.1", "good morning"))
    place.time.ms += MEMORY_MS
    ticks()
    place.time.ms += DEBOUNCE_MS
    place.told.wait(lambda: sum(report.pushed for report in place.told.reports("disk")) == 5)
    assert b"good morning" in (place.folder / "disk" / "memory" / "2026-11-23.md").read_bytes()


def test_the_configured_sources_are_captured_at_each_interval(place: Place) -> None:
    source = place.folder / "export.json"

    def export(*texts: str) -> None:
        source.write_text(json.dumps([{"role": "user", "content": text} for text in texts]))

    export("What is a fjord?")
    place.configure(sources=(SourceConfig(str(source)),))
    place.start()
    place.told.wait(lambda: any(isinstance(event, events.Captured) for event in place.told.events))
    place.told.passes("history", 1)
    with place.vault.reader() as reader:
        before = reader.totals().messages
    assert before == 1
    export("What is a fjord?", "And a firth?")
    place.time.pass_minutes(31)
    place.told.wait(lambda: sum(isinstance(event, events.Captured) for event in place.told.events) == 2)
    with place.vault.reader() as reader:
        assert reader.totals().messages == 2


def test_a_source_that_cannot_be_read_is_told_once(place: Place) -> None:
    place.configure(sources=(SourceConfig(str(place.folder / "export.json"), "no-such-kind"),))
    place.start()
    place.told.wait(lambda: any(each.code == "capture" for each in place.told.alerts()))
    place.told.passes("history", 1)
    place.time.pass_minutes(31)
    place.told.passes("history", 2)
    assert [each.code for each in place.told.alerts()] == ["capture"]


def test_what_it_did_is_in_the_journal(place: Place) -> None:
    place.vault.add(talk(1))
    begun = place.begin()
    assert begun.stop(SECONDS)
    with Vault.open(place.vault.path, now=place.time) as vault, vault.reader() as reader:
        assert {(row.replica, row.kind) for row in reader.journal()} == {("disk", "Pushed"), ("history", "Pushed")}
