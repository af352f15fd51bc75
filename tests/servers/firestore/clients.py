"""Google's own client, pointed at a server on this machine: ours or the official emulator."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore

from tests.servers.firestore import names


@contextmanager
def client(address: str, project: str, database: str = names.DEFAULT) -> Iterator[firestore.Client]:
    """A client of the database at `127.0.0.1:PORT`, closed at the end. The environment is as before."""
    before = os.environ.get("FIRESTORE_EMULATOR_HOST")
    os.environ["FIRESTORE_EMULATOR_HOST"] = address  # the client reads it only while it is made
    try:
        made = firestore.Client(project=project, credentials=AnonymousCredentials(), database=database)
    finally:
        os.environ.pop("FIRESTORE_EMULATOR_HOST")
        if before is not None:
            os.environ["FIRESTORE_EMULATOR_HOST"] = before
    try:
        yield made
    finally:
        made.close()
