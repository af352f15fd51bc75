"""A Firestore server of our own for each test, and Google's client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.cloud import firestore

from tests.servers.firestore import FirestoreServer
from tests.servers.firestore.clients import client
from tests.unit.servers.firestore.asking import PROJECT


@pytest.fixture
def server() -> Iterator[FirestoreServer]:
    """In memory, with one empty project."""
    with FirestoreServer() as running:
        running.create(PROJECT)
        yield running


@pytest.fixture
def db(server: FirestoreServer) -> Iterator[firestore.Client]:
    """Google's client of the server's project."""
    with client(server.address, PROJECT) as connected:
        yield connected
