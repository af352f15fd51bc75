"""Every kind of replica, plain and sealed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netto_tui.replicas.base import Replica
from netto_tui.security.envelope import Envelope
from tests.contract.places import PLACES
from tests.contract.stores import ENVELOPES, MARKER, Store


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """What a test sets so that a server of its own is found is as it was afterwards."""
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture(params=sorted(PLACES))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=sorted(ENVELOPES))
def envelope(request: pytest.FixtureRequest) -> Envelope:
    return ENVELOPES[request.param]


@pytest.fixture
def store(kind: str, envelope: Envelope, tmp_path: Path) -> Store:
    """An untouched place for a replica."""
    return PLACES[kind](tmp_path, envelope)


@pytest.fixture
def make_store(kind: str, envelope: Envelope) -> Callable[[Path], Store]:
    """For tests that need many places, such as those of Hypothesis."""
    return lambda root: PLACES[kind](root, envelope)


@pytest.fixture
def replica(store: Store) -> Iterator[Replica]:
    """A claimed replica."""
    store.prepare()
    opened = store.open()
    opened.claim(MARKER)
    yield opened
    opened.close()
