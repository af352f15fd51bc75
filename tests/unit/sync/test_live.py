"""Ongoing conversations in a Git replica: on the branch of their device first, on main when they are quiet."""

from __future__ import annotations

import pytest
from dulwich.objects import Commit
from dulwich.refs import Ref
from dulwich.repo import Repo

from netto_tui.vault import writing
from tests.unit.sync.given import Device, held, here
from tests.unit.vault.talks import talk


def branches(device: Device) -> dict[str, set[str]]:
    """The conversations in each branch: `main`, `live` for this device's, others by their name."""
    own = f"live/{device.vault.device}"
    found: dict[str, set[str]] = {}
    with Repo(str(device.stores / "history")) as repository:
        for ref, sha in repository.refs.as_dict(Ref(b"refs/heads")).items():
            commit = repository[sha]
            assert isinstance(commit, Commit)
            entries = repository.object_store.iter_tree_contents(commit.tree)
            paths = [entry.path.decode() for entry in entries]
            names = {path.split("/")[-1].removesuffix(".jsonl") for path in paths if path.startswith("sessions/")}
            found["live" if ref.decode() == own else ref.decode()] = names
    return found


@pytest.fixture
def talking(device: Device) -> tuple[Device, str]:
    """A device on which something old is settled, and a conversation is going on."""
    device.vault.add(talk(1))
    record = writing.log(device.vault, None, "user", "How long do eggs boil?", title="Eggs")
    assert device.run("history").state == "ok"
    return device, record.rev.conversation


def test_what_is_going_on_lies_on_the_live_branch(talking: tuple[Device, str]) -> None:
    device, name = talking
    assert branches(device) == {"main": {talk(1)[0].rev.conversation}, "live": {name}}
    assert held(device.open("history")) == here(device.vault)


def test_each_message_leaves_main_alone_while_it_goes_on(talking: tuple[Device, str]) -> None:
    device, name = talking
    with Repo(str(device.stores / "history")) as repository:
        before = repository.refs[Ref(b"refs/heads/main")]
    for answer in ("Six minutes.", "And hard ones?", "Ten."):
        device.time.pass_minutes(5)
        writing.log(device.vault, name, "user", answer)
        assert device.run("history").pushed == 1
    with Repo(str(device.stores / "history")) as repository:
        assert repository.refs[Ref(b"refs/heads/main")] == before
    assert held(device.open("history")) == here(device.vault)


def test_a_quiet_conversation_moves_to_main_and_then_nothing_is_left_to_do(talking: tuple[Device, str]) -> None:
    device, name = talking
    device.time.pass_minutes(14)
    device.run("history")
    assert branches(device)["live"] == {name}
    device.time.pass_minutes(2)
    assert device.run("history").state == "ok"
    assert branches(device) == {"main": {talk(1)[0].rev.conversation, name}, "live": set()}
    assert held(device.open("history")) == here(device.vault)
    with Repo(str(device.stores / "history")) as repository:
        before = repository.refs.as_dict()
    report = device.run("history")
    assert (report.state, report.pulled, report.pushed, report.requests) == ("ok", 0, 0, 1)
    with Repo(str(device.stores / "history")) as repository:
        assert repository.refs.as_dict() == before


def test_the_end_of_the_day_settles_what_is_going_on(device: Device) -> None:
    device.time.pass_minutes(11 * 60 + 55)
    name = writing.log(device.vault, None, "user", "Good night.").rev.conversation
    device.run("history")
    assert branches(device)["live"] == {name}
    device.time.pass_minutes(6)
    device.run("history")
    assert branches(device) == {"main": {name}, "live": set()}


def test_a_conversation_that_goes_on_after_it_was_settled_comes_back_to_the_live_branch(
    talking: tuple[Device, str],
) -> None:
    device, name = talking
    device.time.pass_minutes(20)
    device.run("history")
    writing.log(device.vault, name, "assistant", "Six minutes.")
    assert device.run("history").pushed == 1
    assert branches(device)["live"] == {name}
    assert held(device.open("history")) == here(device.vault)
    device.time.pass_minutes(20)
    device.run("history")
    assert branches(device)["live"] == set()
    assert held(device.open("history")) == here(device.vault)


def test_another_device_reads_what_is_going_on(talking: tuple[Device, str], phone: Device) -> None:
    device, name = talking
    assert phone.run("history").state == "ok"
    assert here(phone.vault) == here(device.vault)
    phone.time.pass_minutes(1)
    writing.log(phone.vault, name, "assistant", "Six minutes.")
    phone.run("history")
    assert len(branches(device)) == 3
    device.run("history")
    assert here(phone.vault) == here(device.vault)
