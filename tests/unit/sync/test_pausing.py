"""A person's pause: the worker heeds it at once, it outlives the process, and everything else goes on."""

from __future__ import annotations

import pytest

from netto_tui.config import load, pause
from netto_tui.sync.events import Paused, Resumed
from netto_tui.sync.schedule import DEBOUNCE_MS
from netto_tui.vault import writing
from tests.unit.sync.given import here
from tests.unit.sync.told import SECONDS, Told, ticks
from tests.unit.sync.working import Place, hold_the_first_write
from tests.unit.vault.talks import talk


def test_nothing_goes_to_a_paused_replica_until_it_is_resumed_also_by_another_process(place: Place) -> None:
    begun = place.begin()
    settings = place.vault.path / "config.toml"
    pause(settings, ["disk"], True)
    place.told.wait(lambda: any(isinstance(event, Paused) for event in place.told.events))
    record = writing.log(place.vault, None, "user", "Is it raining?")
    ticks()
    place.time.ms += DEBOUNCE_MS
    begun.sync_now()
    place.told.passes("history", 2)
    ticks()
    assert len(place.told.reports("disk")) == 1
    assert begun.stop(SECONDS)
    again = Told()
    second = place.start(again)
    again.passes("history", 1)
    place.time.pass_minutes(300)
    again.passes("history", 2)
    assert again.reports("disk") == []
    assert record.id not in place.there("disk")
    pause(settings, [], False)
    again.wait(lambda: any(isinstance(event, Resumed) for event in again.events))
    second.sync_now()
    again.passes("disk", 1)
    assert place.there("disk") == here(place.vault)
    with place.vault.reader() as reader:
        kinds = [(row.replica, row.kind) for row in reader.journal()]
    assert kinds.count(("disk", "Paused")) == kinds.count(("disk", "Resumed")) == 1


def test_a_pause_stops_the_pass_that_runs_over_the_replica_and_no_other(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.vault.add(record for number in range(3) for record in talk(number))
    inside, go_on = hold_the_first_write(monkeypatch)
    begun = place.start()
    assert inside.wait(SECONDS)
    pause(place.vault.path / "config.toml", ["disk"], True)
    begun.cancel(["disk"])
    go_on.set()
    report = place.told.passes("disk", 1)
    assert (report.state, report.stopped) == ("behind", True)
    assert place.told.passes("history", 1).state == "ok"
    ticks()
    assert len(place.told.reports("disk")) == 1
    with place.vault.reader() as reader:
        assert "SyncStopped" in {row.kind for row in reader.journal()}, "a stop is no failure"


def test_a_pause_is_kept_in_the_settings_with_all_that_is_there(place: Place) -> None:
    settings = place.vault.path / "config.toml"
    settings.write_text(settings.read_text() + '\ncolour = "blue"\n')
    paused = pause(settings, ["history"], True)
    assert [(each.name, each.paused) for each in paused.replicas] == [("disk", False), ("history", True)]
    assert load(settings) == paused and "blue" in settings.read_text()
    pause(settings, [], False)
    assert "paused" not in settings.read_text()
