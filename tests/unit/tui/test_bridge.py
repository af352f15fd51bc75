"""Events of a thread become messages, few of them."""

from __future__ import annotations

from textual.message import Message

from netto_tui.sync import events
from netto_tui.tui import messages
from netto_tui.tui.bridge import Bridge

AT = "2026-11-23T10:00:00.000Z"


def test_progress_comes_ten_times_a_second_and_always_its_end() -> None:
    posted: list[Message] = []
    time = [0.0]
    bridge = Bridge(posted.append, now=lambda: time[0])
    for done in range(1, 1001):
        time[0] += 0.001
        bridge(events.SyncProgressed(AT, "disk", "push", done, 1000))
    moved = [message for message in posted if isinstance(message, messages.ProgressMoved)]
    assert 10 <= len(moved) <= 12
    assert (moved[0].done, moved[-1].done) == (1, 1000)


def test_each_replica_and_step_has_a_pace_of_its_own() -> None:
    posted: list[Message] = []
    bridge = Bridge(posted.append, now=lambda: 0.0)
    for replica in ("disk", "mirror"):
        for step in ("pull", "push"):
            bridge(events.SyncProgressed(AT, replica, step, 1, 10))
            bridge(events.SyncProgressed(AT, replica, step, 2, 10))
    assert len(posted) == 4


def test_a_waiting_progress_message_is_replaced_by_a_later_one_of_its_kind_only() -> None:
    early = messages.ProgressMoved("disk", "push", 1, 10)
    assert messages.ProgressMoved("disk", "push", 2, 10).can_replace(early)
    assert not messages.ProgressMoved("mirror", "push", 2, 10).can_replace(early)
    assert not messages.ProgressMoved("disk", "verify", 2, 10).can_replace(early)


def test_every_other_event_is_handed_on() -> None:
    posted: list[Message] = []
    bridge = Bridge(posted.append, now=lambda: 0.0)
    report = events.PassReport("disk", "folder", "ok")
    for event in (
        events.SyncStarted(AT, "disk"),
        events.Pulled(AT, "disk", 1, 2),
        events.Alerted(AT, "", "code", "text"),
        events.SyncFinished(AT, "disk", report),
    ):
        bridge(event)
    assert [type(message) for message in posted] == [
        messages.PassStarted,
        messages.Happened,
        messages.Happened,
        messages.PassFinished,
    ]
