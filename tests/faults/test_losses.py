"""Whole parts of the stores go: what is left brings everything back, to the same digest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netto_tui.recovery.preview import preview
from netto_tui.recovery.restore import restore
from netto_tui.recovery.verify import verify
from netto_tui.replicas.base import Historic
from netto_tui.sync import events
from netto_tui.vault import writing
from tests.faults.stores import build, opened, restore_alone
from tests.unit.vault.talks import scratch, talk, time_of

BOTH = pytest.mark.parametrize("stores", ["plain", "sealed"], indirect=True)


@pytest.fixture
def stores(request: pytest.FixtureRequest) -> Iterator[tuple[Path, dict[str, str], str]]:
    """Three equal stores, what each has, and its digest; plain ones where a test does not ask for sealed ones."""
    with scratch() as folder:
        build(folder, sealed=getattr(request, "param", "plain") == "sealed")
        with opened(folder) as place:
            one, digest = place.everywhere()[0], place.vault.digest()
        yield folder, one, digest


def remove(*paths: str) -> Callable[[Path], None]:
    def lose(folder: Path) -> None:
        for pattern in paths:
            found = list(folder.glob(pattern))
            assert found, pattern
            for path in found:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    return lose


def empty(*paths: str) -> Callable[[Path], None]:
    def lose(folder: Path) -> None:
        remove(*paths)(folder)
        for path in paths:
            (folder / path).mkdir(parents=True)

    return lose


LOSSES: dict[str, Callable[[Path], None]] = {
    "the session files": remove("vault/sessions"),
    "one session file": lambda folder: sorted((folder / "vault/sessions").rglob("*.jsonl"))[0].unlink(),
    "the index": remove("vault/index.db*"),
    "the session files and the index": remove("vault/sessions", "vault/index.db*"),
    "the blobs": remove("vault/blobs"),
    "the memory files": remove("vault/memory"),
    "all but the identity": remove("vault/sessions", "vault/index.db*", "vault/blobs", "vault/memory"),
    "the identity": remove("vault/.netto/vault.json"),
    "the folder's conversations": remove("folder/sessions"),
    "the folder's blobs": remove("folder/blobs"),
    "the folder's identity": remove("folder/.netto"),
    "all that the folder held": empty("folder"),
    "the repository's objects": empty("git/objects"),
    "the repository's branches": remove("git/refs/heads/*"),
    "all that the repository held": empty("git"),
    "the copy of remotes": lambda folder: shutil.rmtree(folder / "vault/.netto/cache", ignore_errors=True),
}


TELLING = (
    *("the session files and the index", "the blobs", "all but the identity"),
    *("the folder's conversations", "the folder's blobs", "the folder's identity", "all that the folder held"),
    *("the repository's branches", "all that the repository held"),
)
"""Losses that are tried on sealed replicas as well."""


@pytest.mark.parametrize(
    ("name", "stores"),
    [*((name, "plain") for name in LOSSES), *((name, "sealed") for name in TELLING)],
    indirect=["stores"],
)
def test_one_verification_and_one_sync_bring_back(name: str, stores: tuple[Path, dict[str, str], str]) -> None:
    folder, one, digest = stores
    LOSSES[name](folder)
    with opened(folder) as place:
        place.mend()
        assert place.everywhere() == [one, one, one]
        assert place.vault.digest() == digest
        assert verify(place.vault, place.replicas, deep=True).ok


@BOTH
@pytest.mark.parametrize("kept", ["folder", "git"])
def test_any_single_replica_makes_a_new_vault(kept: str, stores: tuple[Path, dict[str, str], str]) -> None:
    folder, one, digest = stores
    with opened(folder, [kept]) as place:
        identity = place.vault.identity
    report = restore_alone(folder, kept)
    assert (report.ok, report.digest) == (True, digest)
    with opened(folder, [kept]) as place:
        assert place.vault.id == identity.vault
        assert place.vault.device != identity.device
        assert place.everywhere() == [one, one]
        assert [report.error for report in place.sync()] == [""]
        assert verify(place.vault, place.replicas, deep=True).ok


@pytest.mark.parametrize("kind", ["folder", "git"])
def test_a_replica_that_is_gone_is_never_made_again_unasked(
    kind: str, stores: tuple[Path, dict[str, str], str]
) -> None:
    folder, one, digest = stores
    shutil.move(folder / kind, folder / "elsewhere")
    with opened(folder, [kind]) as place:
        (report,) = place.sync()
        assert report.state == "unreachable"
        assert not (folder / kind).exists()
        assert place.vault.digest() == digest
    shutil.move(folder / "elsewhere", folder / kind)
    with opened(folder, [kind]) as place:
        assert [report.state for report in place.sync()] == ["ok"]
        shutil.rmtree(folder / kind)
        (report,) = place.sync(rebuild=[kind])
        assert report.error == ""
        assert place.everywhere() == [one, one]


@BOTH
def test_a_replica_that_comes_back_from_an_old_backup_joins(stores: tuple[Path, dict[str, str], str]) -> None:
    folder, _one, _digest = stores
    for kind in ("folder", "git"):
        shutil.copytree(folder / kind, folder / "backup" / kind, symlinks=True)
    with opened(folder) as place:
        record = writing.log(place.vault, None, "user", "Said after the backup.")
        place.sync()
    for kind in ("folder", "git"):
        shutil.rmtree(folder / kind)
        shutil.copytree(folder / "backup" / kind, folder / kind, symlinks=True)
    with opened(folder) as place:
        reports = place.sync()
        assert [report.error for report in reports] == ["", ""]
        assert all(record.id in found for found in place.everywhere())
        assert any(isinstance(event, events.Alerted) for event in place.told)
        assert verify(place.vault, place.replicas, deep=True).ok


def test_many_conversations_missing_at_once_are_suspect_until_a_second_look() -> None:
    with scratch() as folder:
        build(folder, conversations=45)
        for file in sorted((folder / "folder" / "sessions").rglob("*.jsonl"))[:30]:
            file.unlink()
        with opened(folder, ["folder"]) as place:
            (report,) = place.sync()
            assert report.state == "suspect"
            assert "--rebuild" in report.error
            assert len(place.everywhere()[1]) < len(place.everywhere()[0])
            time_of(place.vault).pass_minutes(11)
            (report,) = place.sync()
            assert (report.state, report.healed >= 30) == ("ok", True)
            assert place.everywhere()[1] == place.everywhere()[0]


def test_a_restore_of_the_whole_vault_keeps_what_is_only_here(stores: tuple[Path, dict[str, str], str]) -> None:
    folder, one, _digest = stores
    with opened(folder, ["folder"]) as place:
        mine = writing.log(place.vault, None, "user", "Only here.")
        path = next(
            path for path in (folder / "vault/sessions").rglob("*.jsonl") if talk(1)[0].rev.conversation in path.name
        )
        path.write_bytes(path.read_bytes()[: len(talk(1)[0].line) + 1])
        os.utime(path.parent)
    with opened(folder, ["folder"]) as place:
        page = folder / "vault/memory" / "2026-11-23.md"
        page.write_bytes(page.read_bytes() + b"\nA note.\n")
        before = place.everywhere()[0]
        assert before != one
        seen = preview(place.vault, place.replicas[0])
        assert place.everywhere()[0] == before
        assert (seen.change, seen.add) == (1, 0)
        report = restore(place.vault, place.replicas[0])
        assert (report.ok, report.digest) == (True, place.vault.digest())
        after = place.everywhere()[0]
        assert one.items() <= after.items()
        assert mine.id in after
        assert "A note." in page.read_text()
        assert (folder / "vault" / report.undo / "sessions").is_dir()
        place.sync()
        assert place.everywhere()[0] == place.everywhere()[1]


@BOTH
@pytest.mark.parametrize("kind", ["folder", "git"])
def test_a_deleted_conversation_comes_back_alone(kind: str, stores: tuple[Path, dict[str, str], str]) -> None:
    folder, one, _digest = stores
    name = talk(2)[0].rev.conversation
    with opened(folder, [kind]) as place:
        writing.delete(place.vault, name)
        place.sync()
        with place.vault.reader() as reader:
            assert reader.message_count(name) == 0
        report = restore(place.vault, place.replicas[0], only=[name])
        assert report.ok
        with place.vault.reader() as reader:
            assert reader.message_count(name) == 4
        assert one.items() <= place.everywhere()[0].items()


@BOTH
def test_history_brings_back_how_things_were(stores: tuple[Path, dict[str, str], str]) -> None:
    folder, one, _digest = stores
    with opened(folder, ["git"]) as place:
        time = time_of(place.vault)
        then = time()
        time.pass_minutes(60)
        first = talk(2)[1]
        writing.edit(place.vault, first.rev.conversation, first.rev.item, "Something else.")
        time.pass_minutes(60)
        place.sync()
        assert isinstance(place.replicas[0], Historic)
        report = restore(place.vault, place.replicas[0], as_of=then)
        assert report.added == 1
        with place.vault.reader() as reader:
            assert reader.messages(first.rev.conversation)[0].text == "hello 2.0"
        assert one.items() <= place.everywhere()[0].items()
