"""Two devices over GitHub and Firestore: whatever they do and whoever syncs first, they end up equal."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from netto_tui.model.revision import Message, Text
from netto_tui.recovery.verify import verify
from netto_tui.security import custody
from netto_tui.sync.ledger import open_conflicts
from netto_tui.vault import writing
from tests.contract import firestore_places, github_places
from tests.faults.stores import BLOBS, CLOUDS, PAPER, Place, build, code, enroll, opened, target
from tests.unit.vault.talks import new_vault, scratch, seeds, talk, time_of

ACTIONS = 14
ROUNDS = 3
"""After so many rounds over both devices everything has to be equal."""

HOUR_MS = 3_600_000


@pytest.fixture(params=["plain", "sealed"])
def devices(request: pytest.FixtureRequest) -> Iterator[list[Place]]:
    """A laptop, and a phone whose clock is an hour ahead, with the same replicas and the same begin."""
    with scratch() as folder, ExitStack() as stack:
        build(folder, CLOUDS, sealed=request.param == "sealed")
        new_vault(folder / "phone", device="phone").close()
        enroll(folder, CLOUDS, "phone")
        both = [stack.enter_context(opened(folder, CLOUDS, name)) for name in ("vault", "phone")]
        time_of(both[1].vault).ms += HOUR_MS
        assert [report.error for report in both[1].sync()] == ["", ""]
        yield both


def act(place: Place, random: Random) -> None:
    """One thing that a person or a program does on a device."""
    names = [talk(number)[0].rev.conversation for number in range(3)]
    name, message = random.choice(names), talk(random.randrange(3))[1 + random.randrange(3)]
    match random.choice(["log", "log", "edit", "delete", "begin", "sync", "sync", "time"]):
        case "log":
            writing.log(place.vault, name, "user", f"{place.vault.device} says {random.random()}")
        case "begin":
            writing.log(place.vault, None, "user", f"{place.vault.device} begins {random.random()}")
        case "edit":
            writing.edit(place.vault, message.rev.conversation, message.rev.item, f"Other words {random.random()}.")
        case "delete":
            writing.delete(place.vault, message.rev.conversation, message.rev.item)
        case "sync":
            place.sync([random.choice(place.replicas)])
        case "time":
            time_of(place.vault).pass_minutes(random.choice([1, 20, 300, -30]))


def equal(devices: list[Place]) -> bool:
    return len({place.vault.digest() for place in devices}) == 1


@pytest.mark.parametrize("seed", seeds(4, 60))
def test_they_are_equal_after_three_rounds_and_then_nothing_is_written(seed: int, devices: list[Place]) -> None:
    random = Random(seed)
    for _ in range(ACTIONS):
        act(random.choice(devices), random)
    acknowledged = {record for place in devices for record in place.everywhere()[0]}
    for _ in range(ROUNDS):
        for place in devices:
            assert [report.error for report in place.sync()] == ["", ""]
        if equal(devices):
            break
    for place in devices:
        found = place.everywhere()
        assert found[0] == found[1] == found[2]
        assert acknowledged <= found[0].keys()
        assert verify(place.vault, place.replicas).ok
    assert open_conflicts(devices[0].vault) == open_conflicts(devices[1].vault)
    for place in devices:
        place.sync()
        github_places.server().clear_log()
        firestore_places.server().clear_log()
        assert [report.requests for report in place.sync()] == [1, 1]
        assert [entry["status"] for entry in github_places.server().log()] == [304]
        assert (firestore_places.server().reads, firestore_places.server().writes) == (1, 0)


def test_an_edit_beside_a_deletion_lives_and_is_told_on_both(devices: list[Place]) -> None:
    message = talk(1)[2]
    writing.edit(devices[0].vault, message.rev.conversation, message.rev.item, "It was the other train.")
    writing.delete(devices[1].vault, message.rev.conversation, message.rev.item)
    for _ in range(2):
        for place in devices:
            place.sync()
    for place in devices:
        assert (message.rev.conversation, message.rev.item) in open_conflicts(place.vault)
        with place.vault.reader() as reader:
            texts = [row.text for row in reader.messages(message.rev.conversation)]
        assert "It was the other train." in texts


def test_two_different_decisions_about_one_conflict_are_one_new_conflict_and_lose_nothing(devices: list[Place]) -> None:
    message = talk(1)[2]
    name, item = message.rev.conversation, message.rev.item
    for place in devices:
        writing.edit(place.vault, name, item, f"{place.vault.device} wrote this sentence")
    for place in (*devices, devices[0]):
        place.sync()
    assert all((name, item) in open_conflicts(place.vault) for place in devices)
    for place in devices:
        writing.resolve(place.vault, name, item, Message("user", (Text(f"{place.vault.device} decided"),)))
    for place in (*devices, devices[0]):
        place.sync()
    assert equal(devices)
    assert all((name, item) in open_conflicts(place.vault) for place in devices)
    bodies = [str(record.rev.body) for record in devices[0].vault.records(name) if record.rev.item == item]
    for place in devices:
        for text in ("wrote this sentence", "decided"):
            assert any(f"{place.vault.device} {text}" in body for body in bodies)
    writing.resolve(devices[0].vault, name, item, Message("user", (Text("Agreed."),)))
    for place in devices:
        place.sync()
    assert [open_conflicts(place.vault) for place in devices] == [{}, {}]


def stored(folder: Path) -> tuple[str, dict[str, dict[str, object]]]:
    """What the replicas of a folder hold: the ids of Git's blobs by path, and Firestore's fields but for its times."""
    command = ["git", "-C", str(folder / "git"), "ls-tree", "-r", "main", "--", "sessions", "blobs"]
    blobs = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    server, project = firestore_places.server(), target(folder, "firestore")[0].partition("/")[0]
    documents = {
        path: server.get(project, path) or {}
        for path in server.paths(project, firestore_places.USER)
        if path != firestore_places.USER
    }
    return blobs, {
        path: {name: value for name, value in fields.items() if not name.endswith("_at")}
        for path, fields in documents.items()
    }


def test_two_devices_that_seal_the_same_write_the_same_bytes() -> None:
    kinds = ("git", "firestore")
    with scratch() as folder:
        first, second = folder / "first", folder / "second"
        first.mkdir()
        second.mkdir()
        build(first, kinds, sealed=True)
        firestore_places.server().create(target(second, "firestore")[0].partition("/")[0])
        with opened(first, kinds) as place:
            names = sorted({name for name in place.everywhere()[0].values() if name != "blob"})
            records = [record for name in reversed(names) for record in place.vault.records(name)]
            keys = custody.slots(place.vault.path)
        shutil.copy(first / PAPER, second / PAPER)
        new_vault(second / "vault", device="phone", zone="Europe/Lisbon").close()
        with opened(second, kinds) as place:
            custody.enroll(place.vault.path, place.vault.id, keys, code(second))
            place.vault.add(records, {hashlib.sha256(data).hexdigest(): data for data in BLOBS})
            assert [report.error for report in place.sync()] == ["", ""]
        blobs, documents = stored(first)
        assert blobs.count("\n") == 7 and any("/chunks/" in path for path in documents)
        assert stored(second) == (blobs, documents)
