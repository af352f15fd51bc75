"""Two devices over GitHub and Firestore: whatever they do and whoever syncs first, they end up equal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from random import Random

import pytest

from netto_tui.model.revision import Message, Text
from netto_tui.recovery.verify import verify
from netto_tui.sync.ledger import open_conflicts
from netto_tui.vault import writing
from tests.contract import firestore_places, github_places
from tests.faults.stores import CLOUDS, Place, build, enroll, opened
from tests.unit.vault.talks import new_vault, scratch, seeds, talk

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
        both[1].vault.clock.now.ms += HOUR_MS  # type: ignore[attr-defined]
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
            place.vault.clock.now.pass_minutes(random.choice([1, 20, 300, -30]))  # type: ignore[attr-defined]


def equal(devices: list[Place]) -> bool:
    return len({place.vault.digest() for place in devices}) == 1


@pytest.mark.parametrize("seed", seeds(4, 60))
def test_they_are_equal_after_three_rounds_and_then_nothing_is_written(seed: int, devices: list[Place]) -> None:
    random = Random(seed)  # noqa: S311 - chance that comes out the same every time
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
