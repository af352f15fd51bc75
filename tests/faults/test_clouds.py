"""GitHub and Firestore lose things, turn back in time, or are exchanged: what is left brings everything back."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from netto_tui.recovery.verify import verify
from netto_tui.security.envelope import PLAIN
from netto_tui.sync import events
from netto_tui.vault import writing
from tests.contract import firestore_places, github_places
from tests.contract.stores import opener
from tests.faults.stores import CLOUDS, build, opened, restore_alone, target
from tests.faults.test_losses import remove
from tests.unit.vault.talks import scratch, seeds, some, talk, time_of


class Clouds:
    """The two servers as somebody else sees the stores of a folder there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hub = github_places.server()
        self.fire = firestore_places.server()
        self.repository = target(folder, "github")[0]
        self.project, _, self.uid = target(folder, "firestore")[0].partition("/")

    def change(self, action: str, **fields: Any) -> Any:
        """Something happens to the repository."""
        return self.hub.change(action, repository=self.repository, **fields)

    def paths(self, below: str) -> list[str]:
        """Documents of the user, by path."""
        return self.fire.paths(self.project, f"users/{self.uid}/{below}".rstrip("/"))

    def delete(self, part: str) -> None:
        """Delete documents whose path has a part."""
        found = [path for path in self.paths("") if part in path]
        assert found, part
        for path in found:
            self.fire.delete(self.project, path)

    def files(self, branch: str = "main") -> list[str]:
        """What a branch holds."""
        tree = self._hub_store().call("GET", f"/git/trees/{branch}?recursive=1").json()["tree"]
        return [entry["path"] for entry in tree if entry["type"] == "blob"]

    def _hub_store(self) -> github_places.HubStore:
        store = github_places.HubStore(self.folder, PLAIN, opener("github", self.folder, PLAIN, self.repository))
        store.url, store.token, store.name = self.hub.url, self.hub.token, self.repository
        return store

    def read(self, path: str) -> str:
        """What a file on main says."""
        answer = self._hub_store().call("GET", f"/contents/{path}?ref=main").json()
        return base64.b64decode(answer["content"]).decode()

    def commit(self, files: dict[str, str | None]) -> None:
        """Somebody commits to main: texts, or None to delete."""
        for path, text in files.items():
            self.change("commit", branch="main", path=path, content=text)


BOTH = pytest.mark.parametrize("stores", ["plain", "sealed"], indirect=True)


@pytest.fixture
def stores(request: pytest.FixtureRequest) -> Iterator[tuple[Path, dict[str, str], str, Clouds]]:
    """Three equal stores, what each has, the digest, and the servers; plain where no test asks for sealed ones."""
    with scratch() as folder:
        build(folder, CLOUDS, sealed=getattr(request, "param", "plain") == "sealed")
        with opened(folder, CLOUDS) as place:
            one, digest = place.everywhere()[0], place.vault.digest()
        yield folder, one, digest, Clouds(folder)


def lose_files(part: str) -> Callable[[Clouds], None]:
    def lose(clouds: Clouds) -> None:
        clouds.commit({path: None for path in clouds.files() if path.startswith(part)})

    return lose


def lose_headers(clouds: Clouds) -> None:
    for path in clouds.paths(""):
        if path.count("/") == 3:
            clouds.fire.delete(clouds.project, path)


def damage_record(clouds: Clouds) -> None:
    path = next(path for path in clouds.paths("") if "/messages/" in path)
    document = clouds.fire.get(clouds.project, path)
    assert document is not None
    record = document["record"]
    clouds.fire.damage(clouds.project, path, {**document, "record": record[:90] + "X" + record[91:]})


def damage_file(clouds: Clouds) -> None:
    path = next(path for path in clouds.files() if path.startswith("sessions/"))
    clouds.commit({path: "not what it was\n"})


LOSSES: dict[str, Callable[[Clouds], None]] = {
    "the repository's history was rewritten": lambda clouds: clouds.change("squash", branch="main"),
    "the repository was set back to its beginning": lambda clouds: clouds.change("force-push", branch="main", steps=1),
    "somebody deleted conversations from main": lose_files("sessions/"),
    "somebody deleted the identity from main": lose_files(".netto/"),
    "somebody deleted everything but the identity": lose_files("s"),
    "somebody deleted blobs from main": lose_files("blobs/"),
    "somebody deleted the days from main": lose_files("memory/"),
    "somebody edited a conversation on main": damage_file,
    "the project was wiped": lambda clouds: clouds.fire.wipe(clouds.project),
    "the user document is gone": lambda clouds: clouds.fire.delete(clouds.project, f"users/{clouds.uid}"),
    "messages are gone": lambda clouds: clouds.delete("/messages/"),
    "headers are gone": lose_headers,
    "chunks of blobs are gone": lambda clouds: clouds.delete("/chunks/"),
    "a record is damaged": damage_record,
    "the copies are gone": lambda clouds: remove("vault/.netto/cache")(clouds.folder),
}


TELLING = (
    *("the repository was set back to its beginning", "somebody deleted conversations from main"),
    *("somebody deleted the identity from main", "somebody edited a conversation on main", "the project was wiped"),
    *("the user document is gone", "messages are gone", "a record is damaged"),
)
"""Losses that are tried on sealed replicas as well."""


@pytest.mark.parametrize(
    ("name", "stores"),
    [*((name, "plain") for name in LOSSES), *((name, "sealed") for name in some(TELLING, 2))],
    indirect=["stores"],
)
def test_one_verification_and_one_sync_bring_back(name: str, stores: tuple[Path, dict[str, str], str, Clouds]) -> None:
    folder, one, digest, clouds = stores
    LOSSES[name](clouds)
    with opened(folder, CLOUDS) as place:
        place.mend()
        assert place.everywhere() == [one, one, one]
        assert place.vault.digest() == digest
        verdict = verify(place.vault, place.replicas, deep=True)
        assert verdict.ok, [(store.name, store.missing, store.corrupt, store.error) for store in verdict.stores]


@pytest.mark.parametrize(
    ("damage", "stores"),
    [("", "plain"), ("", "sealed"), ("headers are gone", "plain"), ("headers are gone", "sealed")],
    indirect=["stores"],
)
@pytest.mark.parametrize("kept", CLOUDS)
def test_either_of_them_alone_makes_a_new_vault_and_the_other_again(
    kept: str, damage: str, stores: tuple[Path, dict[str, str], str, Clouds]
) -> None:
    folder, one, digest, clouds = stores
    if damage:
        LOSSES[damage](clouds)
    clouds.change("wipe") if kept == "firestore" else clouds.fire.wipe(clouds.project)
    report = restore_alone(folder, kept)
    assert (report.ok, report.digest) == (True, digest)
    with opened(folder, CLOUDS) as place:
        assert [report.error for report in place.sync()] == ["", ""]
        if damage:
            place.mend()
        assert place.everywhere() == [one, one, one]
        assert verify(place.vault, place.replicas, deep=True).ok


@BOTH
def test_a_deleted_repository_is_made_again_only_on_a_persons_word(
    stores: tuple[Path, dict[str, str], str, Clouds],
) -> None:
    folder, one, _digest, clouds = stores
    clouds.change("delete")
    with opened(folder, CLOUDS) as place:
        hub, fire = place.sync()
        assert (hub.state, fire.state) == ("unreachable", "ok")
        assert "--rebuild" in hub.error
        assert place.sync(rebuild=["github"])[0].error == ""
        assert place.everywhere() == [one, one, one]


def test_a_repository_of_the_same_name_that_is_another_one_is_not_written_to_unasked(
    stores: tuple[Path, dict[str, str], str, Clouds],
) -> None:
    folder, one, _digest, clouds = stores
    clouds.change("wipe")
    with opened(folder, CLOUDS) as place:
        hub, _ = place.sync()
        assert hub.state == "wrong-target"
        assert "--rebuild" in hub.error
        assert clouds.hub.store.find(*clouds.repository.split("/")) is not None
        assert place.sync(rebuild=["github"])[0].error == ""
        assert place.everywhere() == [one, one, one]


@pytest.mark.parametrize("visibility", ["public", "internal"])
def test_nothing_is_written_to_a_repository_that_others_can_read(
    visibility: str, stores: tuple[Path, dict[str, str], str, Clouds]
) -> None:
    folder, _one, _digest, clouds = stores
    clouds.change("visibility", visibility=visibility)
    with opened(folder, CLOUDS) as place:
        writing.log(place.vault, None, "user", "Nobody else shall read this.")
        clouds.hub.clear_log()
        hub, fire = place.sync()
        assert (hub.state, fire.state) == ("refused", "ok")
        assert "private" in hub.error
        assert {entry["method"] for entry in clouds.hub.log()} == {"GET"}
        clouds.change("visibility", visibility="private")
        assert [report.error for report in place.sync()] == ["", ""]


@pytest.mark.parametrize("action", [{"action": "rename", "name": "other"}, {"action": "transfer", "owner": "bob"}])
def test_a_repository_that_goes_by_another_name_is_told_and_not_written_to(
    action: dict[str, str], stores: tuple[Path, dict[str, str], str, Clouds]
) -> None:
    folder, _one, _digest, clouds = stores
    clouds.hub.add_user("bob")
    clouds.change(**action)
    with opened(folder, CLOUDS) as place:
        writing.log(place.vault, None, "user", "To the right place only.")
        hub, fire = place.sync()
        assert (hub.state, fire.state) in {("wrong-target", "ok"), ("unreachable", "ok")}
        assert hub.error


@BOTH
def test_stores_that_turn_back_in_time_are_taken_as_old_copies(
    stores: tuple[Path, dict[str, str], str, Clouds],
) -> None:
    folder, _one, _digest, clouds = stores
    with opened(folder, CLOUDS) as place:
        before = clouds.fire.snapshot()
        record = writing.log(place.vault, None, "user", "Said after the backup.")
        time_of(place.vault).pass_minutes(24 * 60)
        place.sync()
        clouds.fire.roll_back(before)
        clouds.change("force-push", branch="main", steps=1)
    with opened(folder, CLOUDS) as place:
        time_of(place.vault).pass_minutes(24 * 60)
        assert [report.error for report in place.sync()] == ["", ""]
        assert all(record.id in found for found in place.everywhere())
        assert {event.code for event in place.told if isinstance(event, events.Alerted)} >= {"rewritten"}
        assert verify(place.vault, place.replicas, deep=True).ok


def test_a_conversation_deleted_here_comes_back_from_each_cloud(
    stores: tuple[Path, dict[str, str], str, Clouds],
) -> None:
    folder, one, _digest, _clouds = stores
    name = talk(2)[0].rev.conversation
    for path in (folder / "vault/sessions").rglob(f"{name}.jsonl"):
        path.unlink()
    remove("vault/index.db*")(folder)
    for kind in CLOUDS:
        with opened(folder, [kind]) as place:
            verify(place.vault, [])
            assert [report.error for report in place.sync()] == [""]
            assert place.everywhere()[0] == one
        for path in (folder / "vault/sessions").rglob(f"{name}.jsonl"):
            path.unlink()


def flip(text: str, random: Random) -> str:
    """The text with one of its letters exchanged."""
    at = random.randrange(len(text))
    return text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]


def flip_document(clouds: Clouds, random: Random) -> str:
    """Exchange one letter, bit or number in one document."""
    path = random.choice(clouds.paths(""))
    document = clouds.fire.get(clouds.project, path)
    assert document is not None
    field = random.choice(sorted(name for name in document if not name.endswith("_at")))
    value = document[field]
    if isinstance(value, bytes):
        at = random.randrange(len(value))
        document[field] = value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
    else:
        document[field] = flip(value, random) if isinstance(value, str) else value ^ 1
    clouds.fire.damage(clouds.project, path, document)
    return f"{path}: {field}"


def flip_file(clouds: Clouds, random: Random) -> str:
    """Exchange one letter in one file on main, as a careless editor does."""
    path = random.choice([path for path in clouds.files() if path.startswith(("sessions/", "memory/", ".netto/"))])
    text = clouds.read(path)
    clouds.commit({path: flip(text, random)})
    return path


@pytest.mark.parametrize(
    ("seed", "stores"),
    [*((seed, "plain") for seed in seeds(3, 400)), *((seed, "sealed") for seed in seeds(2, 400))],
    indirect=["stores"],
)
@pytest.mark.parametrize("damage", [flip_document, flip_file])
def test_one_exchanged_letter_spreads_nowhere_and_is_put_right(
    damage: Callable[[Clouds, Random], str], seed: int, stores: tuple[Path, dict[str, str], str, Clouds]
) -> None:
    folder, one, digest, clouds = stores
    what = damage(clouds, Random(f"{damage.__name__} {seed}"))
    with opened(folder, CLOUDS) as place:
        place.mend(what)
        for found in place.everywhere():
            assert one.items() <= found.items(), what
        verdict = verify(place.vault, place.replicas, deep=True)
        assert verdict.ok, (what, [(store.name, store.missing, store.corrupt, store.error) for store in verdict.stores])
        if damage is flip_document:
            assert place.vault.digest() == digest
