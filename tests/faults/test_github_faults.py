"""What goes wrong between the engine and GitHub: each pass ends in a named state, and the next one is clean."""

from __future__ import annotations

import base64
import hashlib
import itertools
import logging
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina

from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import Attachment, Message, Stamp, Text, mint
from netto_tui.replicas import deadline, github_client, github_refs, github_repository
from netto_tui.sync import events
from netto_tui.sync.engine import Engine
from tests.contract.github_places import server
from tests.faults.github_given import Device, World
from tests.unit.vault.talks import NIGHTLY, scratch, some

SECONDS = 0.5
"""The deadline of a call that is meant to miss it."""

USES = 15
"""How many tests write to one repository."""

REFUSED = "ghp_FAKESECRET"
"""What push protection finds."""

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Short pauses and deadlines."""
    monkeypatch.setattr(github_client, "BURST", 10_000)
    monkeypatch.setattr(github_client, "SOCKET_SECONDS", 2)
    monkeypatch.setattr(github_client, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(github_refs, "LAG_WAITS", (0.001, 0.001))
    monkeypatch.setattr(github_repository, "LAG_WAITS", (0.001, 0.001))
    monkeypatch.setattr(deadline, "_LOOK_SECONDS", 0.005)
    with stamina.set_testing(True, attempts=2):
        yield
    server().clear_faults()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A new repository, which the laptop keeps a settled and an ongoing conversation in."""
    with scratch() as folder:
        made = World(folder)
        monkeypatch.setenv("NETTO_GITHUB_TOKEN", made.hub.token)
        laptop = made.device()
        laptop.add_talk()
        laptop.say()
        assert laptop.sync().state == "ok"
        yield made
        made.hub.change("push-protection", on=False)
        made.close()


class Shared:
    """Repositories that many tests share, each of which leaves them whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._worlds: list[World] = []
        self._uses = 0
        self.still = self._busy = self._filled()

    def empty(self) -> World:
        """One whose repository is not there yet."""
        self._worlds.append(World(self._folder / f"world-{len(self._worlds)}"))
        return self._worlds[-1]

    def _filled(self) -> World:
        """One with a settled and an ongoing conversation from the laptop in it."""
        made = self.empty()
        laptop = made.device()
        laptop.add_talk()
        laptop.say()
        assert laptop.sync().state == "ok"
        return made

    def busy(self) -> World:
        """One that may be written to; a new one from time to time, since those that grow get slow."""
        self._uses += 1
        if self._uses % USES == 1:
            self._busy = self._filled()
        return self._busy

    def close(self) -> None:
        """Close all of them."""
        for world in self._worlds:
            world.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[Shared]:
    with scratch() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETTO_GITHUB_TOKEN", server().token)
        patch.setattr(github_client, "BURST", 10_000)
        made = Shared(folder)
        yield made
        made.close()


def add_picture(device: Device, data: bytes = b"") -> str:
    """A settled message with bytes that are no text; the name of the blob."""
    number = next(_numbers)
    data = data or bytes([0, 255, *number.to_bytes(4, "big")]) * 50
    sha256, name = hashlib.sha256(data).hexdigest(), conversation_id("test", f"picture {number}")
    picture = Attachment(name="a.png", bytes=len(data), blob=sha256)
    body = Message("user", (Text("Look."), picture))
    record = mint(name, message_id(name, "picture"), body, Stamp("2026-11-23T10:00:00.000Z", 0, "source:test"))
    device.vault.add([record], {sha256: data})
    return sha256


def is_settled(device: Device) -> bool:
    """Whether the next pass is clean, and after it everything is equal, once."""
    report = device.sync()
    assert (report.state, report.error) == ("ok", "")
    assert device.here() == device.there()
    assert device.world.idle_commits() == []
    again = device.sync()
    assert (again.state, again.pushed, again.pulled, again.requests) == ("ok", 0, 0, 1)
    return True


def says_what_to_do(error: str) -> bool:
    """Whether a message has a sentence after what happened, and no secret."""
    return len(error.split(". ")) > 1 and "token-of" not in error


PUSH = {
    "look": "GET {}/git/matching-refs/heads/",
    "private check": "GET {}",
    "blob": "POST {}/git/blobs",
    "tree": "POST {}/git/trees",
    "commit": "POST {}/git/commits",
    "move of main": "PATCH {}/git/refs/heads/main",
    "move of a live branch": "PATCH {}/git/refs/heads/live/.*",
    "read back": "GET {}/git/commits/.*",
}
CLAIM = {
    "account": "GET /user",
    "repository": "POST /user/repos",
    "first file": "PUT {}/contents/.*",
    "new branch": "POST {}/git/refs",
}
READ = {
    "look of a new device": "GET {}/git/matching-refs/heads/",
    "head": "GET {}/git/commits/.*",
    "archive": "GET {}/tarball/.*",
    "trees": "GET {}/git/trees/.*",
    "files": "GET {}/git/blobs/.*",
}
MOMENTS = PUSH | CLAIM | READ
FAULTS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "401": ({"kind": "status", "code": 401}, {"denied"}),
    "403": (
        {"kind": "status", "code": 403, "headers": {"X-Accepted-GitHub-Permissions": "contents=write"}},
        {"denied"},
    ),
    "429": ({"kind": "status", "code": 429}, {"limited"}),
    "quota": ({"kind": "quota", "seconds": 900}, {"limited"}),
    "lasting 502": ({"kind": "status", "code": 502, "times": None}, {"unreachable"}),
    "lost answer": ({"kind": "reset", "after": True}, {"ok"}),
    "half": ({"kind": "truncated-body"}, {"ok"}),
    "flipped byte": ({"kind": "flipped-byte", "at": 60}, {"ok"}),
    "login page": ({"kind": "html"}, {"ok"}),
    "empty object": ({"kind": "status", "code": 200, "body": {}}, {"ok"}),
}
SETTLED_LATER = {
    *(("repository", fault) for fault in ("403", "lost answer", "half", "flipped byte", "login page", "empty object")),
    *(("first file", fault) for fault in ("login page", "empty object")),
}
"""What is not repeated, and is there, or made, with the next pass."""


def begin(shared: Shared, moment: str) -> Device:
    """A device whose next pass comes to a moment."""
    if moment in PUSH:
        return write(shared.busy())
    if moment in READ:
        return shared.still.device(f"reader-{next(_numbers)}")
    device = shared.empty().device()
    device.add_talk()
    device.say()
    return device


def write(world: World) -> Device:
    """The laptop, with something of each kind to push."""
    device = world.device()
    device.add_talk()
    add_picture(device)
    world.time.pass_minutes(1)
    device.say()
    return device


@pytest.mark.parametrize(("moment", "fault"), some(itertools.product(MOMENTS, FAULTS), 3))
def test_each_request_of_a_pass_may_go_wrong(shared: Shared, moment: str, fault: str) -> None:
    device = begin(shared, moment)
    rule, states = FAULTS[fault]
    device.world.hub.clear_log()
    device.world.fault(MOMENTS[moment], **rule)
    began = time.monotonic()
    report = device.sync()
    assert time.monotonic() - began < 20
    assert any(entry["fault"] for entry in device.world.hub.log())
    device.world.hub.clear_faults()
    if (moment, fault) in SETTLED_LATER:
        states = {"unreachable", "behind", "refused"}
    assert report.state in states, report.error
    assert report.state == "ok" or says_what_to_do(report.error)
    assert report.state != "denied" or fault == "401" or "contents=write" in report.error
    assert is_settled(device)


ODD: dict[str, dict[str, Any]] = {
    "404": {"code": 404},
    "409 of an empty repository": {"ready": "empty"},
    "302 elsewhere": {"code": 302, "headers": {"Location": "http://portal.example/login"}},
}


@pytest.mark.parametrize(("moment", "answer"), some(itertools.product(MOMENTS, ODD), 4))
def test_a_status_that_makes_no_sense_ends_in_a_named_state(shared: Shared, moment: str, answer: str) -> None:
    device = begin(shared, moment)
    device.world.fault(MOMENTS[moment], "status", **ODD[answer])
    report = device.sync()
    assert report.state in {"ok", "unreachable", "behind", "refused"}, report.error
    assert report.state == "ok" or says_what_to_do(report.error)
    assert not {"lost", "exchanged", "rewritten"} & set(device.alerts())
    device.world.hub.clear_faults()
    assert is_settled(device)


@pytest.mark.parametrize(
    ("kind", "moment"),
    some(
        itertools.product(
            ["timeout-before", "timeout-after", "drip"], ["private check", "tree", "move of main", "head", "archive"]
        ),
        2,
    ),
)
def test_a_call_that_does_not_end_is_left_at_its_deadline(
    shared: Shared, moment: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = begin(shared, moment)
    begun = device.world
    begun.fault(MOMENTS[moment], kind, times=None, **({"seconds": 0.1} if kind == "drip" else {}))
    with monkeypatch.context() as hurried:
        hurried.setattr(github_client, "CALL_SECONDS", SECONDS)
        hurried.setattr(github_client, "DOWNLOAD_SECONDS", SECONDS)
        began = time.monotonic()
        report = device.sync()
        assert time.monotonic() - began < 20 * SECONDS
    done = {("timeout-after", "move of main"), ("drip", "move of main"), ("drip", "archive")}  # settled, or no body
    assert report.state == "unreachable" or (kind, moment) in done
    begun.hub.clear_faults()
    assert is_settled(device)


@pytest.mark.parametrize(
    ("moment", "kind"),
    some(
        itertools.product(
            ["look", "tree", "move of main", "first file", "archive", "files"], ["timeout-before", "drip", "429"]
        ),
        2,
    ),
)
def test_a_pass_can_be_stopped_wherever_it_waits(shared: Shared, moment: str, kind: str) -> None:
    device = begin(shared, moment)
    rules: dict[str, dict[str, Any]] = {
        "timeout-before": {"kind": kind},
        "drip": {"kind": kind, "seconds": 0.1},
        "429": {"kind": "status", "code": 429, "retry_after": 20, "times": None},
    }
    device.world.hub.clear_log()
    device.world.fault(MOMENTS[moment], **rules[kind])
    stopped: list[float] = []

    def stop() -> None:
        while not any(entry["fault"] for entry in device.world.hub.log()) and not stopped:
            time.sleep(0.002)
        stopped.append(time.monotonic())
        device.cancel.set()

    thread = threading.Thread(target=stop)
    thread.start()
    report = device.sync()
    ended = time.monotonic()
    stopped.append(ended)
    thread.join()
    assert ended - stopped[0] < 0.5
    assert report.state in ("behind", "ok")
    device.world.hub.clear_faults()
    device.cancel.clear()
    assert is_settled(device)


def test_a_short_wait_is_waited_out_exactly_and_a_long_one_ends_the_pass(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop = world.device()
    waits: list[float] = []
    monkeypatch.setattr(github_client.Hub, "wait", lambda _hub, seconds: waits.append(seconds))
    for status in (403, 429):
        laptop.say()
        world.fault(PUSH["tree"], "status", code=status, retry_after=7)
        assert laptop.sync().state == "ok"
        assert waits.pop() == 7
        world.fault(PUSH["look"], "status", code=status, retry_after=3000)
        world.hub.clear_log()
        assert laptop.sync().state == "limited"
        assert len(world.hub.log()) == 1
        row = laptop.vault.sql.execute("SELECT retry_at FROM replicas WHERE name = 'hub'").fetchone()
        assert row == (world.time() + 3_000_000,)
    assert waits == []


def test_a_limit_that_names_no_time_is_waited_for_longer_each_time(world: World) -> None:
    laptop = world.device()
    opened = laptop.open()
    pauses = []
    for _ in range(4):
        world.fault(PUSH["look"], "status", ready="secondary")
        before = world.time()
        report = Engine(laptop.vault, laptop.told.append).run(opened)
        assert report.state == "limited"
        (until,) = laptop.vault.sql.execute("SELECT retry_at FROM replicas WHERE name = 'hub'").fetchone()
        pauses.append((until - before) / 1000)
        world.hub.clear_log()
        assert Engine(laptop.vault, laptop.told.append).run(opened).state == "limited"
        assert world.hub.log() == []  # who was told to wait does not ask
        world.time.pass_minutes((until - before) / 60_000)
    opened.close()
    assert pauses[0] >= 60
    assert pauses == sorted(set(pauses))
    assert is_settled(laptop)


def test_an_exhausted_quota_says_when_it_is_full_again_whatever_our_clock_says(world: World) -> None:
    laptop = world.device()
    for minutes in (0, -3 * 24 * 60):
        world.time.pass_minutes(minutes)
        world.fault(PUSH["look"], "quota", seconds=1800)
        assert laptop.sync().state == "limited"
        (until,) = laptop.vault.sql.execute("SELECT retry_at FROM replicas WHERE name = 'hub'").fetchone()
        assert 1790 <= (until - world.time()) / 1000 <= 1810
    world.time.pass_minutes(3 * 24 * 60)
    assert is_settled(laptop)


@pytest.mark.parametrize("ref", ["move of main", "move of a live branch"])
def test_somebody_who_writes_right_before_us_is_taken_in(world: World, ref: str) -> None:
    laptop = write(world)
    change = {"action": "commit", "repository": world.repository, "path": "notes.txt", "content": "mine"}
    world.fault(PUSH[ref], "change", change=change)
    report = laptop.sync()
    assert (report.state, report.error) == ("ok", "")
    assert "notes.txt" in world.files()
    assert is_settled(laptop)


@pytest.mark.parametrize("kind", ["reset", "garbage"])
@pytest.mark.parametrize("ref", ["move of main", "move of a live branch"])
def test_a_lost_answer_about_a_move_is_settled_by_one_look(world: World, ref: str, kind: str) -> None:
    write(world).sync()
    world.hub.clear_log()
    assert write(world).sync().error == ""
    usual = len(world.requests())
    for after, more in ((True, 1), (False, 2)):  # one look; and the move again when it did not take effect
        laptop = write(world)
        world.fault(PUSH[ref], kind, after=after)
        world.hub.clear_log()
        assert laptop.sync().error == ""
        assert len(world.requests()) == usual + more
    assert is_settled(laptop)


def test_a_race_that_never_ends_gives_up_and_says_so(world: World) -> None:
    laptop = write(world)
    world.fault(PUSH["move of main"], "status", ready="not-fast-forward", times=None)
    report = laptop.sync()
    assert report.state == "behind"
    assert says_what_to_do(report.error)
    world.hub.clear_faults()
    assert is_settled(laptop)


def test_a_rule_that_protects_the_branch_is_no_race(world: World) -> None:
    laptop = write(world)
    rule = {"message": "Repository rule violations found. Changes must be made through a pull request."}
    world.fault(PUSH["move of main"], "status", code=422, body=rule)
    report = laptop.sync()
    assert report.state == "refused"
    assert "pull request" in report.error and "rules" in report.error
    assert is_settled(laptop)


def test_a_reader_that_lags_behind_our_own_move_is_asked_again(world: World) -> None:
    laptop = world.device()
    laptop.add_talk()
    world.fault(PUSH["look"], "stale", skip=1, times=2)
    report = laptop.sync()
    assert (report.state, report.error) == ("ok", "")
    assert "rewritten" not in laptop.alerts()
    assert is_settled(laptop)


def test_a_reader_that_lags_for_long_costs_another_look_and_no_second_copy(world: World) -> None:
    laptop = world.device()
    laptop.add_talk()
    world.fault(PUSH["look"], "stale", skip=1, times=8)
    laptop.sync()
    world.hub.clear_faults()
    assert is_settled(laptop)


@pytest.mark.parametrize("moment", ["trees", "files"])
def test_a_failure_while_reading_is_never_taken_for_something_missing(shared: Shared, moment: str) -> None:
    phone = begin(shared, moment)
    begun = phone.world
    begun.fault(READ[moment], "status", code=502, times=None)
    report = phone.sync()
    assert (report.state, report.quarantined) == ("unreachable", 0)
    begun.hub.clear_faults()
    assert is_settled(phone)


def test_an_object_that_github_does_not_show_is_given_up_at_a_second_look_only(shared: Shared) -> None:
    phone = begin(shared, "trees")
    world = phone.world
    world.fault(READ["trees"], "status", code=404, times=None)
    for _ in range(2):
        report = phone.sync()
        assert (report.state, report.quarantined) == ("unreachable", 0)
    world.hub.change("clock", offset=11 * 60)
    try:
        assert phone.sync().quarantined > 0
    finally:
        world.hub.change("clock", offset=0)


def test_a_listing_that_is_cut_short_is_concluded_nothing_from(shared: Shared) -> None:
    phone = begin(shared, "trees")
    begun = phone.world
    begun.fault(READ["trees"], "status", code=200, body={"sha": "0" * 40, "tree": [], "truncated": True}, times=None)
    report = phone.sync()
    assert (report.state, report.quarantined) == ("unreachable", 0)
    begun.hub.clear_faults()
    assert is_settled(phone)


@pytest.mark.parametrize("visibility", [{"visibility": "public"}, {"visibility": "internal"}])
@pytest.mark.parametrize("private", [None, True])
def test_nothing_is_written_where_others_may_read(
    world: World, visibility: dict[str, str], private: bool | None
) -> None:
    laptop = world.device()
    laptop.say()
    world.change("visibility", private=private, **visibility)
    world.hub.clear_log()
    report = laptop.sync()
    assert report.state == "refused"
    assert visibility["visibility"] in report.error and says_what_to_do(report.error)
    assert {entry["method"] for entry in world.hub.log()} == {"GET"}
    world.change("visibility", visibility="private")
    assert is_settled(laptop)


def test_a_repository_that_was_made_public_is_noticed_within_a_day_without_a_push(world: World) -> None:
    laptop = world.device()
    world.change("visibility", visibility="public")
    assert laptop.sync().state == "ok"
    world.hub.change("clock", offset=25 * 3600)
    try:
        assert laptop.sync().state == "refused"
    finally:
        world.hub.change("clock", offset=0)


@pytest.mark.parametrize("action", [{"action": "rename", "name": "moved"}, {"action": "transfer", "owner": "bob"}])
def test_another_name_is_noticed_at_the_next_look_and_nothing_goes_there(world: World, action: dict[str, str]) -> None:
    world.hub.add_user("bob")
    laptop = world.device()
    world.change(**(action | ({"name": f"moved-{next(_numbers)}"} if "name" in action else {})))
    for _ in range(2):  # with nothing to push at first
        world.hub.clear_log()
        report = laptop.sync()
        assert report.state in ("wrong-target", "unreachable")
        assert says_what_to_do(report.error)
        assert {entry["method"] for entry in world.hub.log()} == {"GET"}
        laptop.say()


def test_an_archived_repository_is_read_and_not_written(world: World) -> None:
    laptop = world.device()
    world.store.call("PATCH", "", {"archived": True})
    assert laptop.sync().state == "ok"
    laptop.say()
    report = laptop.sync()
    assert report.state == "refused" and "archived" in report.error
    world.store.call("PATCH", "", {"archived": False})
    assert is_settled(laptop)


@pytest.mark.parametrize("change", [{"action": "squash"}, {"action": "force-push", "steps": 1}])
def test_a_history_that_was_rewritten_is_joined(world: World, change: dict[str, Any]) -> None:
    laptop = world.device()
    laptop.add_talk()
    assert laptop.sync().state == "ok"
    world.change(**change, branch="main")
    report = laptop.sync()
    assert (report.state, report.error) == ("ok", "")
    assert "rewritten" in laptop.alerts()
    assert is_settled(laptop)


def test_a_deleted_live_branch_is_made_again(world: World) -> None:
    laptop = world.device()
    live = next(ref for ref in world.branches() if "/live/" in ref)
    world.store.call("DELETE", f"/git/{live}")
    laptop.say()
    assert laptop.sync().error == ""
    assert is_settled(laptop)


def test_a_token_tells_its_last_days_and_says_when_it_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token = world.hub.add_token("alice", expires=world.time() // 1000 + 3 * 86400 + 60)
    monkeypatch.setenv("NETTO_GITHUB_TOKEN", token)
    opened = world.device().open()
    opened.probe()
    meters = {meter.name: meter for meter in opened.meters()}
    opened.close()
    assert meters["days of the token"].left == 3
    assert meters["days of the token"].until_ms == (world.time() // 1000 + 3 * 86400 + 60) * 1000
    assert meters["requests"].left > 0
    monkeypatch.setenv("NETTO_GITHUB_TOKEN", "token-that-was-revoked")
    report = world.device().sync()
    assert report.state == "denied" and says_what_to_do(report.error)
    assert "token-that-was-revoked" not in report.error


def test_a_token_that_may_not_write_reads_and_says_which_permission_is_missing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETTO_GITHUB_TOKEN", world.hub.add_token("alice", write=False))
    phone = world.device("phone")
    assert phone.sync().pulled > 0
    phone.say()
    report = phone.sync()
    assert report.state == "denied"
    assert "contents=write" in report.error and "Contents: read and write" in report.error
    monkeypatch.setenv("NETTO_GITHUB_TOKEN", world.hub.token)
    assert is_settled(phone)


def test_a_token_that_is_renewed_while_the_app_runs_is_used_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop = world.device()
    opened = laptop.open()
    engine = Engine(laptop.vault, laptop.told.append)
    monkeypatch.setenv("NETTO_GITHUB_TOKEN", "token-that-was-revoked")
    assert engine.run(opened).state == "denied"
    monkeypatch.setenv("NETTO_GITHUB_TOKEN", world.hub.token)
    assert engine.run(opened).state == "ok"
    opened.close()


def test_no_token_and_no_ticket_is_in_any_log_message_or_traceback(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = world.hub.token
    phone = world.device("phone")
    assert phone.sync().pulled > 0
    opened = phone.open()
    seen = [repr(opened), repr(vars(opened)), repr(vars(opened._hub_repository.hub))]
    for kind in ("reset", "garbage", "html"):
        world.fault(PUSH["look"], kind, times=None)
        try:
            opened.probe()
        except Exception as error:
            seen += [str(error), repr(error), "".join(traceback.format_exception(error))]
        world.hub.clear_faults()
    opened.close()
    text = caplog.text + "".join(seen)
    assert len(seen) == 12
    assert token not in text
    assert "_codeload" not in text


def test_a_secret_that_github_refuses_is_left_out_alone_and_told_once(world: World) -> None:
    laptop = world.device()
    laptop.add_talk()
    bad = laptop.add_talk(text=f"my token is {REFUSED}", count=1)
    laptop.add_talk()
    world.hub.change("push-protection")
    report = laptop.sync()
    assert (report.state, report.error) == ("behind", "")
    secret = {r.id for r in laptop.vault.records(bad) if REFUSED.encode() in r.line}
    assert len(secret) == 1
    assert laptop.there().keys() == laptop.here().keys() - secret
    told = [event.text for event in laptop.told if isinstance(event, events.Alerted) and event.code == "withheld"]
    assert len(told) == 1 and bad in told[0] and REFUSED not in told[0]
    for _ in range(2):
        report = laptop.sync()
        assert (report.state, report.error, report.requests) == ("behind", "", 1)
    laptop.add_talk()
    assert laptop.sync().error == ""
    assert laptop.alerts().count("withheld") == 1
    assert not any(REFUSED in text for text in all_texts(world))


def test_a_secret_in_an_ongoing_conversation_holds_nothing_else_up(world: World) -> None:
    laptop = world.device()
    laptop.add_talk()
    world.hub.change("push-protection")
    name = laptop.say(f"use {REFUSED}")
    laptop.say("and something harmless", name)
    assert laptop.sync().error == ""
    missing = laptop.here().keys() - laptop.there().keys()
    assert [REFUSED.encode() in r.line for r in laptop.vault.records(name) if r.id in missing] == [True]


def test_a_secret_that_github_took_before_it_knew_it_holds_up_its_own_conversation_only(world: World) -> None:
    laptop = world.device()
    name = laptop.say(f"use {REFUSED}")
    for minutes in (0, 24 * 60):  # on the live branch, and on main
        world.time.pass_minutes(minutes)
        assert laptop.sync().error == ""
        before = laptop.there().keys()
        world.hub.change("push-protection")
        for _ in range(2):
            laptop.say("More in the same conversation.", name)
            laptop.say("Something else.")
            assert laptop.sync().error == ""
            held_up = laptop.here().keys() - laptop.there().keys()
            assert {record.id for record in laptop.vault.records(name)} >= held_up
            assert before <= laptop.there().keys()
        assert held_up
        world.hub.change("push-protection", on=False)


@pytest.mark.parametrize("data", [f"text with {REFUSED} in it\n".encode() * 40, b"\0\xff" + REFUSED.encode() * 40])
def test_a_blob_that_github_refuses_is_left_out_alone(world: World, data: bytes) -> None:
    laptop = world.device()
    world.hub.change("push-protection")
    good, *others = (add_picture(laptop) for _ in range(6))
    bad = add_picture(laptop, data)
    laptop.add_talk()
    report = laptop.sync()
    assert (report.state, report.error) == ("ok", "")
    assert laptop.here() == laptop.there()
    opened = laptop.open()
    assert all(opened.read_blob(name) is not None for name in (good, *others))
    assert opened.read_blob(bad) is None
    assert set(opened.withheld()) == {bad}
    opened.close()
    assert laptop.alerts().count("withheld") == 1
    assert laptop.sync().requests == 1


def all_texts(world: World) -> list[str]:
    """Every file of every branch that is text."""
    found = []
    for head in world.branches().values():
        for sha in world.files(head).values():
            blob = world.store.call("GET", f"/git/blobs/{sha}").json()
            found.append(base64.b64decode(blob["content"]).decode("utf-8", "replace"))
    return found


def test_four_devices_that_race_are_equal_in_the_end(world: World) -> None:
    devices = [world.device(name) for name in ("laptop", "phone", "tablet", "desktop")]
    for device in devices:
        device.sync()
    faults: list[BaseException] = []

    def live(device: Device) -> None:
        try:
            for turn in range(10 if NIGHTLY else 5):
                device.say(f"{turn} from {device.vault.device}")
                if turn % 3 == 0:
                    device.add_talk()
                report = device.sync()
                assert report.state in ("ok", "behind"), report.error
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=live, args=(device,)) for device in devices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    for _ in range(3):
        for device in devices:
            assert device.sync().error == ""
    assert len({device.vault.digest() for device in devices}) == 1
    assert is_settled(devices[0])
