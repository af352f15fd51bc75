"""The worker over Firestore: it hears of other devices at once, and of a listener that died within minutes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from netto_tui.config import Config, ReplicaConfig, save
from netto_tui.sync import events, news, worker
from netto_tui.sync.schedule import DEBOUNCE_MS
from netto_tui.sync.worker import Worker
from netto_tui.vault import writing
from tests.contract import firestore_places, github_places
from tests.faults.stores import build, opened, target
from tests.unit.sync.told import Told, ticks
from tests.unit.vault.talks import Time, new_vault, scratch

KINDS = ("firestore",)


class Phone:
    """Another device whose worker runs, in the world of tests.faults.stores; its clock stands."""

    def __init__(self, folder: Path, kinds: Sequence[str] = KINDS) -> None:
        self.folder = folder
        self.time = Time()
        self.told = Told()
        self.vault = new_vault(folder / "phone", device="phone", now=self.time)
        places = [(kind, *target(folder, kind)) for kind in kinds]
        replicas = [ReplicaConfig(kind, kind, where, plain=True, **vars(options)) for kind, where, options in places]
        save(self.vault.path / "config.toml", Config(replicas=tuple(replicas)))
        self.worker = Worker(self.vault.path, self.told, now=self.time)

    def start(self) -> None:
        """Begin, and wait until it listens."""
        self.worker.start()
        self.told.passes("firestore", 1)
        self.listens()

    def listens(self) -> None:
        """Wait until a listener of its own is there."""
        server = firestore_places.server()
        self.told.wait_while(lambda: server.listeners == 0)

    def pulled(self) -> int:
        return sum(report.pulled for report in self.told.reports("firestore"))


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The laptop's vault with a Firestore replica."""
    monkeypatch.setattr(worker, "TICK_SECONDS", 0.02)
    firestore_places.server().end_listeners()
    with scratch() as made:
        build(made, KINDS)
        yield made


@pytest.fixture
def phone(folder: Path) -> Iterator[Phone]:
    """A phone that listens."""
    made = Phone(folder)
    made.start()
    yield made
    assert made.worker.stop(20)
    made.vault.close()


def say(folder: Path, text: str) -> str:
    """The laptop records something and brings it to Firestore."""
    with opened(folder, KINDS) as laptop:
        record = writing.log(laptop.vault, None, "user", text)
        assert [report.error for report in laptop.sync()] == [""]
    return record.id


def has(phone: Phone, record: str) -> bool:
    return any(
        record == found.id
        for (name,) in phone.vault.sql.execute("SELECT name FROM conversations WHERE revisions").fetchall()
        for found in phone.vault.records(name)
    )


def test_what_another_device_says_comes_without_a_tick_of_the_clock(folder: Path, phone: Phone) -> None:
    before = phone.pulled()
    record = say(folder, "Can you hear me?")
    phone.told.wait(lambda: phone.pulled() > before)
    assert has(phone, record)
    assert any(isinstance(event, events.Pulled) for event in phone.told.events)


def test_its_own_writing_is_no_news(folder: Path, phone: Phone) -> None:
    server = firestore_places.server()
    writing.log(phone.vault, None, "user", "Mine.")
    ticks()
    phone.time.ms += DEBOUNCE_MS
    phone.told.wait(lambda: any(report.pushed for report in phone.told.reports("firestore")))
    passes = len(phone.told.reports("firestore"))
    server.clear_log()
    record = say(folder, "A sign that what was told before was heard")
    phone.told.passes("firestore", passes + 1)
    ticks()
    assert len(phone.told.reports("firestore")) == passes + 1
    assert has(phone, record)


def test_a_listener_that_died_without_a_word_is_found_and_begun_anew(folder: Path, phone: Phone) -> None:
    server = firestore_places.server()
    server.silence_listeners()
    record = say(folder, "Nobody tells the phone.")
    passes = len(phone.told.reports("firestore"))
    phone.time.ms += news.POLL_MS - 1
    ticks()
    assert len(phone.told.reports("firestore")) == passes
    phone.time.ms += 1
    phone.told.wait(lambda: has(phone, record))
    again = say(folder, "Now somebody does.")
    phone.told.wait(lambda: has(phone, again))


def test_a_listener_that_is_cut_off_listens_again(folder: Path, phone: Phone) -> None:
    firestore_places.server().end_listeners()
    record = say(folder, "Said while nobody listened.")
    phone.told.wait(lambda: has(phone, record))


def test_a_replica_that_is_no_longer_configured_is_not_listened_to(folder: Path, phone: Phone) -> None:
    server = firestore_places.server()
    save(phone.vault.path / "config.toml", Config())
    phone.told.wait_while(lambda: server.listeners > 0)


def test_a_github_that_does_not_answer_holds_up_neither_news_nor_our_own_words_nor_the_end(folder: Path) -> None:
    hub = github_places.server()
    hub.faults({"match": f".*/repos/{target(folder, 'github')[0]}/.*", "kind": "blackhole", "times": None})
    phone = Phone(folder, ("github", "firestore"))
    try:
        phone.start()
        record = say(folder, "GitHub hangs, and still you hear me.")
        phone.told.wait(lambda: has(phone, record))
        mine = writing.log(phone.vault, None, "user", "And you hear me.")
        ticks()
        phone.time.ms += DEBOUNCE_MS
        phone.told.wait(lambda: any(report.pushed for report in phone.told.reports("firestore")))
        assert "github" in phone.worker.busy
        assert phone.told.reports("github") == []
        assert phone.worker.stop(20)
        with opened(folder, KINDS) as laptop:
            laptop.sync()
            assert mine.id in laptop.everywhere()[0]
    finally:
        hub.clear_faults()
        phone.worker.stop(20)
        phone.vault.close()
