"""Garbage collections: what is loaded when a store is first used is left out of them, once."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from netto_tui.sync.worker import Worker
from netto_tui.tui import collecting
from netto_tui.tui.collecting import Collections
from netto_tui.tui.messages import PassStarted, ProgressMoved, WorkerLoaded

AT = "2026-11-23T10:00:00.000Z"


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """Nothing stays left out, and nobody watches, after a test."""
    gc.unfreeze()
    yield
    gc.callbacks.clear()
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


def test_what_makes_a_collection_long_is_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    Collections().begin()
    monkeypatch.setattr(collecting, "LONG_SECONDS", 3600.0)
    gc.collect()
    assert gc.get_freeze_count() == 0, "short ones are repeated"
    monkeypatch.setattr(collecting, "LONG_SECONDS", 0.0)
    gc.collect(1)
    assert gc.get_freeze_count() == 0, "only a full one looks at everything"
    gc.collect()
    assert gc.get_freeze_count() > 1000
    gone = weakref.ref(Cycle())
    gc.collect()
    assert gone() is None, "what came later is collected"


class Cycle:
    """Something that only a collection frees."""

    def __init__(self) -> None:
        self.itself = self
