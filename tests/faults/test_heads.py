"""Whoever holds a remote can refuse; what they change, take back, hide or swap is detected and named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from netto_tui.recovery import chains
from netto_tui.replicas.firestore import Firestore
from netto_tui.replicas.firestore_copy import Copy
from netto_tui.replicas.firestore_documents import Header
from netto_tui.replicas.firestore_heads import digest, part_digest
from netto_tui.security import heads
from netto_tui.security.keyset import new_keys
from netto_tui.sync.round import close_all
from tests.contract import firestore_places, github_places
from tests.faults.attackers import Device, FireAttacker, GitAttacker, Scene, forged, opened_without_keys
from tests.unit.vault.talks import scratch, seeds

KINDS = (("git", "firestore"), ("github", "git"), ("firestore", "git"))
"""The replica that is attacked, and the other one."""

DAY_MINUTES = 24 * 60


@pytest.fixture(params=KINDS, ids=lambda pair: pair[0])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    with scratch() as folder:
        scene = Scene(folder, *request.param)
        yield scene
        scene.close()


@pytest.fixture
def laptop(scene: Scene) -> Device:
    """A device that pushed twice."""
    laptop = scene.device("laptop")
    for text in ("one", "two"):
        laptop.say(text)
        laptop.sync()
        scene.time.pass_minutes(5)
    return laptop


@pytest.fixture
def phone(scene: Scene, laptop: Device) -> Device:
    """Another one, which has seen all of that."""
    phone = scene.device("phone")
    phone.sync()
    assert phone.alarms(scene.kinds[0]) == set()
    return phone


@pytest.fixture
def mallory(scene: Scene, laptop: Device) -> GitAttacker | FireAttacker:
    return scene.attacker(scene.kinds[0])


def settle(scene: Scene) -> None:
    """Let everybody sync until nothing is new; then nobody is alarmed, and everybody has everything."""
    acknowledged = set().union(*(device.texts() for device in scene.devices))
    for _ in range(3):
        scene.time.pass_minutes(5)
        for device in scene.devices:
            device.sync()
    for device in scene.devices:
        assert device.texts() == acknowledged
        assert device.alarms(scene.kinds[0]) == device.alarms(scene.kinds[1]) == set()


def newcomers_alarms(scene: Scene, *kinds: str) -> set[str]:
    """What a new device is told of the attacked replica after syncing with some kinds in turn, else with all."""
    tablet = scene.device("tablet")
    tablet.sync(*kinds)
    return tablet.alarms(scene.kinds[0])


def test_nobody_is_alarmed_while_nobody_attacks(scene: Scene, laptop: Device, phone: Device) -> None:
    for number in range(6):
        for device in (laptop, phone):
            device.say(f"{device.vault.device} {number}")
            device.log(f"{device.vault.device} talks on {number}")
            device.sync(*(scene.kinds if number % 2 else scene.kinds[:1]))
            assert [device.alarms(kind) for kind in scene.kinds] == [set(), set()]
        scene.time.pass_minutes(7)
    tablet = scene.device("tablet")
    tablet.sync()
    assert [tablet.alarms(kind) for kind in scene.kinds] == [set(), set()]
    settle(scene)


def test_a_pass_with_nothing_to_do_asks_once_and_writes_nothing(scene: Scene, laptop: Device, phone: Device) -> None:
    settle(scene)
    github_places.server().clear_log()
    firestore_places.server().clear_log()
    reports = laptop.sync()
    assert [report.requests for report in reports] == [1, 1]
    if "github" in scene.kinds:
        assert [entry["status"] for entry in github_places.server().log()] == [304]
    if "firestore" in scene.kinds:
        assert (firestore_places.server().reads, firestore_places.server().writes) == (1, 0)


def test_a_replica_that_was_rolled_back(
    scene: Scene, laptop: Device, phone: Device, mallory: GitAttacker | FireAttacker
) -> None:
    before = mallory.save()
    laptop.say("three")
    laptop.sync()
    scene.time.pass_minutes(5)
    mallory.bring_back(before)
    assert "rolled-back" in newcomers_alarms(scene, *scene.kinds)
    mallory.bring_back(before)
    laptop.sync(scene.kinds[0])
    assert "rolled-back" in laptop.alarms(scene.kinds[0])
    settle(scene)


def test_a_fork(scene: Scene, laptop: Device, phone: Device, mallory: GitAttacker | FireAttacker) -> None:
    before = mallory.save()
    laptop.say("three")
    laptop.sync()
    mallory.bring_back(before)
    phone.say("other")
    phone.sync(scene.kinds[0])
    assert phone.alarms(scene.kinds[0]) == set()  # from where it stands all is well
    scene.time.pass_minutes(5)
    assert "forked" in newcomers_alarms(scene, *reversed(scene.kinds))
    laptop.sync(scene.kinds[0])
    assert "forked" in laptop.alarms(scene.kinds[0])
    settle(scene)


def test_a_head_that_somebody_else_signed(
    scene: Scene, laptop: Device, phone: Device, mallory: GitAttacker | FireAttacker
) -> None:
    token = mallory.token()
    mallory.remove_record(forged(token, seq=heads.peek(token).seq + 1, previous=heads.sha256_of(token)))
    for device in (laptop, scene.device("tablet")):
        device.sync(*reversed(scene.kinds))
        if device is laptop:
            assert "foreign-signer" in device.alarms(scene.kinds[0])
    settle(scene)


def test_a_new_device_names_a_foreign_signer_too(
    scene: Scene, laptop: Device, mallory: GitAttacker | FireAttacker
) -> None:
    token = mallory.token()
    mallory.show(forged(token, seq=heads.peek(token).seq + 1))
    assert "foreign-signer" in newcomers_alarms(scene)


def test_the_head_of_another_replica(
    scene: Scene, laptop: Device, phone: Device, mallory: GitAttacker | FireAttacker
) -> None:
    mallory.show(scene.attacker(scene.kinds[1]).token())
    for device in (scene.device("tablet"), laptop):
        device.sync(scene.kinds[0])
        assert "swapped" in device.alarms(scene.kinds[0])
        if device is not laptop:
            mallory.show(scene.attacker(scene.kinds[1]).token())
    settle(scene)


def test_a_change_without_a_head(
    scene: Scene, laptop: Device, phone: Device, mallory: GitAttacker | FireAttacker
) -> None:
    mallory.remove_record("")
    laptop.sync(scene.kinds[0])
    assert "unsigned" in laptop.alarms(scene.kinds[0])
    settle(scene)


def test_a_new_device_that_sees_the_other_replica_names_a_change_without_a_head(
    scene: Scene, laptop: Device, phone: Device, mallory: GitAttacker | FireAttacker
) -> None:
    mallory.remove_record("")
    scene.time.pass_minutes(5)
    assert newcomers_alarms(scene, *reversed(scene.kinds)) & {"unsigned", "rolled-back"}
    settle(scene)


def test_a_record_that_was_taken_out_below_a_head_that_is_right(
    scene: Scene, laptop: Device, phone: Device, mallory: GitAttacker | FireAttacker
) -> None:
    mallory.remove_record(mallory.token())
    assert "tampered" in newcomers_alarms(scene, *scene.kinds)
    settle(scene)


def test_a_record_that_was_taken_out_is_named_by_a_device_that_knew_it(
    scene: Scene, laptop: Device, phone: Device, mallory: GitAttacker | FireAttacker
) -> None:
    mallory.remove_record(mallory.token())
    laptop.sync(scene.kinds[0])
    assert "tampered" in laptop.alarms(scene.kinds[0])
    settle(scene)


def test_a_head_that_was_taken_out_of_the_history(
    scene: Scene, laptop: Device, phone: Device, mallory: GitAttacker | FireAttacker
) -> None:
    if not isinstance(mallory, GitAttacker):
        pytest.skip("Firestore keeps the latest head alone: to leave one out is to roll back or to fork")
    for text in ("three", "four"):
        laptop.say(text)
        laptop.sync()
    mallory.drop_middle()
    scene.time.pass_minutes(5)
    phone.sync(scene.kinds[0])
    assert "dropped" in phone.alarms(scene.kinds[0])
    assert "dropped" in newcomers_alarms(scene, *reversed(scene.kinds))
    settle(scene)


def test_a_replica_that_is_frozen(
    scene: Scene, laptop: Device, phone: Device, mallory: GitAttacker | FireAttacker
) -> None:
    laptop.sync()
    before = mallory.save()
    phone.say("news")
    phone.sync()
    mallory.bring_back(before)
    scene.time.pass_minutes(8 * DAY_MINUTES)
    laptop.sync(scene.kinds[1])
    assert "rolled-back" in newcomers_alarms(scene, *reversed(scene.kinds))  # it cannot know for how long
    mallory.bring_back(before)
    laptop.sync(scene.kinds[0])
    assert "frozen" in laptop.alarms(scene.kinds[0])
    settle(scene)


def test_a_commit_of_a_persons_own_file_alarms_nobody(
    scene: Scene, laptop: Device, phone: Device, mallory: GitAttacker | FireAttacker
) -> None:
    if not isinstance(mallory, GitAttacker):
        pytest.skip("there are no files of one's own in Firestore")
    blob = mallory.git("hash-object", "-w", "--stdin", stdin="notes")
    entries = mallory.git("ls-tree", "main") + f"\n100644 blob {blob}\tnotes.txt\n"
    mallory.commit(mallory.git("mktree", stdin=entries), ["main"], "")
    for device in (laptop, phone):
        device.say(f"{device.vault.device} again")
        device.sync()
        assert device.alarms(scene.kinds[0]) == set()
    assert newcomers_alarms(scene) == set()


def test_an_attack_is_told_once_and_what_was_seen_outlives_the_index(
    scene: Scene, laptop: Device, mallory: GitAttacker | FireAttacker
) -> None:
    before = mallory.save()
    laptop.say("three")
    laptop.sync()
    mallory.bring_back(before)
    laptop.vault.rebuild_index()
    laptop.sync(scene.kinds[0])
    assert "rolled-back" in laptop.alarms(scene.kinds[0])
    laptop.sync()
    assert "rolled-back" not in laptop.alarms(scene.kinds[0])


def verdicts(scene: Scene, since_ms: int = 0) -> dict[str, set[str]]:
    """What somebody finds who has the public key and no other, by kind."""
    opened = [opened_without_keys(scene, kind) for kind in scene.kinds]
    try:
        checked = chains.check(opened, scene.keys.public, scene.time(), since_ms)
        assert [one.error for one in checked] == ["", ""]
        return {one.kind: {fault.code for fault in one.faults} for one in checked}
    finally:
        close_all(opened)


def test_the_public_key_alone_proves_replicas_that_nobody_attacked(scene: Scene, laptop: Device, phone: Device) -> None:
    phone.log("still talking")
    phone.sync()
    scene.time.pass_minutes(5)
    assert verdicts(scene) == {kind: set() for kind in scene.kinds}


def test_another_public_key_proves_nothing(scene: Scene, laptop: Device) -> None:
    scene.keys = new_keys("v_" + "7" * 32)
    found = verdicts(scene)
    assert all({"foreign-signer", "unsigned"} <= faults for faults in found.values())


def test_the_public_key_alone_finds_what_was_rolled_back(
    scene: Scene, laptop: Device, mallory: GitAttacker | FireAttacker
) -> None:
    before = mallory.save()
    laptop.say("three")
    laptop.sync()
    mallory.bring_back(before)
    scene.time.pass_minutes(5)
    assert verdicts(scene) == {scene.kinds[0]: {"rolled-back"}, scene.kinds[1]: set()}


def test_the_public_key_alone_finds_every_other_attack(
    scene: Scene, laptop: Device, mallory: GitAttacker | FireAttacker
) -> None:
    laptop.say("three")
    laptop.sync(scene.kinds[0])
    good, token = mallory.save(), mallory.token()
    other = scene.attacker(scene.kinds[1]).token()
    attacks: dict[str, Callable[[], None]] = {
        "unsigned": lambda: mallory.remove_record(""),
        "tampered": lambda: mallory.remove_record(token),
        "swapped": lambda: mallory.show(other),
        "foreign-signer": lambda: mallory.show(forged(token, seq=heads.peek(token).seq + 1)),
    }
    if isinstance(mallory, GitAttacker):
        attacks["dropped"] = mallory.drop_middle
    for code, attack in attacks.items():
        attack()
        assert code in verdicts(scene)[scene.kinds[0]], code
        mallory.bring_back(good)
    assert verdicts(scene) == {kind: set() for kind in scene.kinds}


def test_what_was_wrong_before_a_day_need_not_be_told_again(
    scene: Scene, laptop: Device, phone: Device, mallory: GitAttacker | FireAttacker
) -> None:
    mallory.remove_record("")
    laptop.sync()
    laptop.say("later")
    scene.time.pass_minutes(DAY_MINUTES)
    laptop.sync()
    told = verdicts(scene)[scene.kinds[0]]
    assert told == ({"unsigned"} if isinstance(mallory, GitAttacker) else set())
    assert verdicts(scene, scene.time())[scene.kinds[0]] == set()


def test_heads_cost_no_request_and_no_write(scene: Scene) -> None:
    costs = []
    for keys in (scene.keys, None):
        device = scene.device("with" if keys else "without")
        device.signing = keys
        firestore_places.server().clear_log()
        requests = []
        for text in ("one", "two", "three"):
            device.say(text)
            device.log(f"{text} goes on")
            requests.append([report.requests for report in device.sync()])
            scene.time.pass_minutes(5)
        costs.append((requests, firestore_places.server().reads, firestore_places.server().writes))
        device.close()
        scene.devices.clear()
        scene.move()
    assert costs[0] == costs[1]


@pytest.mark.parametrize("seed", seeds(2, 40))
def test_whatever_devices_do_nobody_is_alarmed_without_an_attack(seed: int, scene: Scene) -> None:
    random = Random(seed)
    devices = [scene.device("laptop"), scene.device("phone")]
    for number in range(40):
        device = random.choice(devices)
        match random.choice(["say", "log", "log", "sync", "sync", "sync", "time", "new"]):
            case "say":
                device.say(f"{device.vault.device} {number}")
            case "log":
                device.log(f"{device.vault.device} {number}")
            case "time":
                scene.time.pass_minutes(random.choice([1, 20, 300, 9 * DAY_MINUTES, -30]))
            case "new" if len(devices) < 4:
                devices.append(scene.device(f"tablet-{len(devices)}"))
            case _:
                device.sync(*random.choice([(), scene.kinds[:1], scene.kinds[1:], scene.kinds[::-1]]))
                assert [device.alarms(kind) for kind in scene.kinds] == [set(), set()], (seed, number)
    settle(scene)
    assert verdicts(scene) == {kind: set() for kind in scene.kinds}


def test_an_answer_that_was_lost_makes_no_fork(scene: Scene, laptop: Device, phone: Device) -> None:
    hub, cloud = github_places.server(), firestore_places.server()
    for number in range(3):
        laptop.say(f"three {number}")
        laptop.log(f"four {number}")
        hub.faults({"match": "(PATCH|POST) .*/git/refs.*", "kind": "reset", "after": True, "times": number + 1})
        cloud.fault("Commit", "UNAVAILABLE", times=number + 1, after=True)
        laptop.try_to_sync()
        hub.clear_faults()
        cloud.clear_faults()
        scene.time.pass_minutes(5)
        for device in (phone, laptop):
            device.sync()
            assert [device.alarms(kind) for kind in scene.kinds] == [set(), set()]
    assert verdicts(scene) == {kind: set() for kind in scene.kinds}


def test_a_replica_that_a_person_had_built_anew_is_no_attack_here_and_is_told_to_others(
    scene: Scene, laptop: Device, phone: Device
) -> None:
    kind = scene.kinds[0]
    if kind != "git":
        pytest.skip("only there another repository takes the place of the one that is damaged")
    attacker = scene.attacker(kind)
    assert isinstance(attacker, GitAttacker)
    (attacker.path / "packed-refs").write_text("damaged\n")
    (attacker.path / "refs" / "heads" / "main").unlink()
    laptop.sync(kind, rebuild=True)
    assert laptop.alarms(kind) == set()
    scene.time.pass_minutes(5)
    phone.sync(kind)
    assert phone.alarms(kind) == {"rolled-back"}
    settle(scene)
    assert verdicts(scene) == {each: set() for each in scene.kinds}


def test_who_goes_on_after_a_foreign_head_alarms_nobody_anew(
    scene: Scene, laptop: Device, phone: Device, mallory: GitAttacker | FireAttacker
) -> None:
    token = mallory.token()
    mallory.show(forged(token, seq=heads.peek(token).seq + 1, previous=heads.sha256_of(token)))
    laptop.say("three")
    laptop.sync()
    scene.time.pass_minutes(5)
    phone.sync()
    assert phone.alarms(scene.kinds[0]) <= {"foreign-signer"}  # Firestore shows it no more
    settle(scene)


def test_somebody_who_writes_while_the_headers_are_listed_is_no_attacker(monkeypatch: pytest.MonkeyPatch) -> None:
    with scratch() as folder:
        scene = Scene(folder, "firestore", "git")
        laptop, tablet = scene.device("laptop"), scene.device("tablet")
        laptop.say("one")
        laptop.sync()
        cloud = tablet.replicas["firestore"]
        assert isinstance(cloud, Firestore)
        connection = cloud._connection
        listed = connection.everything

        def meanwhile(*arguments: Any) -> Any:
            monkeypatch.undo()
            laptop.say("two")
            laptop.sync()
            return listed(*arguments)

        monkeypatch.setattr(connection, "everything", meanwhile)
        tablet.sync("firestore")
        assert tablet.alarms("firestore") == set()
        settle(scene)
        scene.close()


def test_the_root_of_a_copy_that_grew_step_by_step_is_that_of_one_that_was_read_at_once(tmp_path: Path) -> None:
    random = Random(7)
    grown, known = Copy(tmp_path / "grown.db"), dict[str, Header]()
    for step in range(200):
        name = f"{random.randrange(40) * 7:04x}{'0' * 28}"
        if random.random() < 0.3:
            grown.drop_headers([name])
            known.pop(name, None)
        else:
            known[name] = Header("2026-11-23", step + 1, f"{step:064x}", step)
            grown.put_headers({name: known[name]})
        if step % 20 == 0:
            read = Copy(tmp_path / f"{step}.db")
            read.put_headers(known)
            roots = [digest(step, copy.parts(part_digest), {"slot": b"s"}) for copy in (grown, read)]
            assert roots[0] == roots[1]
            assert roots[0][1] == sum(header.count for header in known.values())
            assert grown.newest() == max((header.updated for header in known.values()), default=0)
            assert roots[0] != digest(step + 1, grown.parts(part_digest), {"slot": b"s"})
            assert roots[0] != digest(step, grown.parts(part_digest), {"slot": b"t"})
            read.close()
    grown.close()
