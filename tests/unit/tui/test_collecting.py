"""Garbage collections: what is loaded when a store is first used is left out of them, once."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from netto_tui.sync.worker import Worker
from netto_tui.tui.collecting import Collections
from netto_tui.tui.messages import PassStarted, ProgressMoved, WorkerLoaded

AT = "2026-11-23T10:00:00.000Z"


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """Nothing stays left out after a test."""
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_what_is_there_at_the_first_pass_over_each_store_is_left_out_of_collections() -> None:
    collections = Collections()
    collections.heed(ProgressMoved("disk", "push", 1, 2))
    assert gc.get_freeze_count() == 0
    collections.heed(PassStarted("disk", AT))
    first = gc.get_freeze_count()
    assert first > 1000
    gc.unfreeze()
    collections.heed(PassStarted("disk", AT))
    assert gc.get_freeze_count() == 0, "a second pass over it loads nothing more"
    collections.heed(PassStarted("github", AT))
    assert gc.get_freeze_count() > 1000


def test_what_is_there_when_sync_begins_is_left_out_too() -> None:
    Collections().heed(WorkerLoaded(Worker))
    assert gc.get_freeze_count() > 1000
