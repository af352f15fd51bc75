"""Calls that end when their time is over, whatever the other side does."""

from __future__ import annotations

import threading

import pytest

from netto_tui.errors import Cancelled, Moved, Unreachable
from netto_tui.replicas.deadline import within


@pytest.fixture
def never() -> threading.Event:
    return threading.Event()


def test_a_call_gives_what_the_action_gives(never: threading.Event) -> None:
    assert within(10, never, "here", lambda: 42) == 42


@pytest.mark.parametrize("error", [Moved("somebody was first"), KeyError("x"), SystemExit(3)])
def test_a_call_raises_what_the_action_raises(never: threading.Event, error: BaseException) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        within(10, never, "here", fail)
    assert raised.value is error


def test_an_action_that_does_not_end_is_left_at_its_time(never: threading.Event) -> None:
    end = threading.Event()
    with pytest.raises(Unreachable) as raised:
        within(0.01, never, "far away", lambda: end.wait(30))
    end.set()
    assert "far away" in raised.value.message and raised.value.remedy


def test_a_time_that_is_over_already_leaves_the_action_at_once(never: threading.Event) -> None:
    end = threading.Event()
    with pytest.raises(Unreachable):
        within(-5, never, "here", lambda: end.wait(30))
    end.set()


def test_an_action_is_left_when_somebody_asks_to_stop() -> None:
    cancel, begun, end = threading.Event(), threading.Event(), threading.Event()

    def act() -> None:
        begun.set()
        end.wait(30)

    def stop() -> None:
        begun.wait(30)
        cancel.set()

    thread = threading.Thread(target=stop)
    thread.start()
    with pytest.raises(Cancelled):
        within(30, cancel, "here", act)
    thread.join()
    end.set()


def test_what_is_left_behind_changes_nothing_any_more(never: threading.Event) -> None:
    end, done = threading.Event(), threading.Event()

    def late() -> str:
        end.wait(30)
        done.set()
        return "late"

    with pytest.raises(Unreachable):
        within(0.01, never, "here", late)
    assert within(10, never, "here", lambda: "next") == "next"
    end.set()
    assert done.wait(30)
