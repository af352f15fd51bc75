"""Databases of Firestore: at our own server, and at Google's emulator where it is installed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from netto_tui import firebase
from netto_tui.replicas.base import Replica
from netto_tui.security.envelope import Envelope
from tests.contract.stores import Store, opener
from tests.servers import emulator
from tests.servers.firestore import FirestoreServer

UID = "someone"
USER = f"users/{UID}"


class FireStore(Store):
    """One user's documents in a project of its own."""

    project: str

    def identity(self) -> dict[str, Any] | None:
        """The user document, whatever is in it."""
        raise NotImplementedError

    def put(self, path: str, fields: dict[str, Any]) -> None:
        """Write a document past the replica, as another program would."""
        raise NotImplementedError

    def put_thesis(self) -> None:
        """Have another program's document where ours would be."""
        self.put(USER, {"title": "thesis"})

    def holds_thesis_alone(self) -> bool:
        """Whether that is as it was."""
        return self.identity() == {"title": "thesis"}

    def damage_identity(self) -> None:
        """Take away part of it."""
        fields = self.identity() or {}
        del fields["vault"], fields["updated_at"]
        self.put(USER, fields)

    def kept(self) -> list[object]:
        """Nothing has to make room: a rebuild writes the identity beside what is there."""
        return ["everything"]

    def state(self) -> object:
        """The user document counts every add."""
        return self.identity()


class OwnStore(FireStore):
    """At our own server."""

    def identity(self) -> dict[str, Any] | None:
        return server().get(self.project, USER)

    def put(self, path: str, fields: dict[str, Any]) -> None:
        server().set(self.project, path, fields)

    def make(self) -> None:
        """What a person does in the console."""
        server().create(self.project)

    def put_thesis(self) -> None:
        self.make()
        super().put_thesis()

    def lose(self) -> None:
        server().remove(self.project)

    def exists(self) -> bool:
        try:
            return bool(server().paths(self.project))
        except Exception:  # refused: there is no such database
            return False


class EmulatedStore(FireStore):
    """At Google's emulator, which makes every project up that it is asked for."""

    def _path(self, path: str) -> str:
        return f"/v1/projects/{self.project}/databases/(default)/documents/{path}"

    def identity(self) -> dict[str, Any] | None:
        status, answer = emulator.emulator().request("GET", self._path(USER))
        if status == 404:
            return None
        return {name: next(iter(value.values())) for name, value in answer["fields"].items()}

    def put(self, path: str, fields: dict[str, Any]) -> None:
        """Texts, and a sequence, which the REST interface gives as text."""
        values = {name: {"integerValue" if name == "sequence" else "stringValue": fields[name]} for name in fields}
        assert emulator.emulator().request("PATCH", self._path(path), {"fields": values})[0] == 200

    def lose(self) -> None:
        emulator.emulator().reset(self.project)


@cache
def server() -> FirestoreServer:
    """One server for all tests of a process."""
    return FirestoreServer(indexes=json.loads(firebase.indexes())).start()


def at(address: str, opened: Callable[..., Replica]) -> Callable[..., Replica]:
    """The same, with what it opens talking to a server at this address."""

    def open_there(*arguments: Any, **options: Any) -> Replica:
        os.environ["FIRESTORE_EMULATOR_HOST"] = address
        return opened(*arguments, **options)

    return open_there


def own_store(root: Path, envelope: Envelope, **more: Any) -> OwnStore:
    """A database that is not there yet."""
    project = emulator.new_project()
    opened = at(server().address, opener("firestore", root, envelope, f"{project}/{UID}", **more))
    store = OwnStore(root / "unused", envelope, opened, on_disk=False)
    store.project = project
    store.prepare = store.make
    return store


def _emulated_store(root: Path, envelope: Envelope) -> EmulatedStore:
    if why := emulator.reason():
        pytest.skip(why)
    project = emulator.new_project()
    opened = at(emulator.emulator().address, opener("firestore", root, envelope, f"{project}/{UID}"))
    store = EmulatedStore(root / "unused", envelope, opened, on_disk=False, can_be_absent=False)
    store.project = project
    return store


PLACES: dict[str, Callable[[Path, Envelope], Store]] = {
    "firestore": own_store,
    "firestore-emulator": _emulated_store,
}
"""By name, how to make a store below a temporary directory."""
