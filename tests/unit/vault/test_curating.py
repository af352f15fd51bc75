"""Titles, tags, pins and archives: new revisions of a header, and what the index makes of them."""

from __future__ import annotations

from datetime import UTC, date
from pathlib import Path

import pytest

from netto_tui.errors import UsageError
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.query import Query, parse
from netto_tui.model.revision import ABOUT, About, Message, Stamp, Text, mint
from netto_tui.model.tags import read_tags, tag_names
from netto_tui.recovery import curation, undo
from netto_tui.sync.ledger import Ledger
from netto_tui.vault.browsing import held, sources, tags
from netto_tui.vault.curating import Change, curate, ensure_headers
from netto_tui.vault.rows import ConversationRow
from netto_tui.vault.vault import Vault

NOW = 1_795_000_000_000
NAMES = [conversation_id("test", str(number)) for number in range(3)]


def ask(text: str) -> Query:

    return parse(text, date(2026, 11, 23), UTC)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """Two conversations with a header, and one that came without."""
    opened = Vault.create(tmp_path / "vault", device="laptop", zone="UTC", now=lambda: NOW)
    stamp = Stamp("2026-11-20T08:00:00.000Z", 0, "source:test")
    for name in NAMES[:2]:
        about = About(title="A trip", context={"cwd": "/home/ada"}, state={"leaf": "m"}, native={"odd": 1})
        opened.add([mint(name, ABOUT, about, stamp)])
    for name in NAMES:
        opened.add([mint(name, message_id(name, "0"), Message("user", (Text("Where to?"),)), stamp)])
    return opened


def row(vault: Vault, name: str) -> ConversationRow:
    with vault.reader() as reader:
        found = reader.conversation(name)
    assert found is not None
    return found


def test_a_change_is_one_revision_that_leaves_all_else_as_it_was(vault: Vault) -> None:
    [record] = curate(vault, NAMES[:1], Change(title=" To \n Lisbon ", add_tags=("travel",), pinned=True))
    about = record.rev.body
    assert isinstance(about, About)
    assert about.title == "To Lisbon"
    assert about.context == {"cwd": "/home/ada", "tags": ["travel"]}
    assert about.state == {"leaf": "m", "pinned": True}
    assert about.native == {"odd": 1}
    assert (row(vault, NAMES[0]).title, row(vault, NAMES[0]).tags, row(vault, NAMES[0]).state) == (
        "To Lisbon",
        ("travel",),
        ("pinned",),
    )
    assert row(vault, NAMES[1]).tags == ()


def test_what_is_so_already_makes_no_revision(vault: Vault) -> None:
    change = Change(title="A trip", drop_tags=("home",), archived=False)
    assert curate(vault, NAMES[:2], change) == []


def test_taking_the_last_tag_away_leaves_no_trace_in_the_header(vault: Vault) -> None:
    before = vault.item(NAMES[0], ABOUT).value.body
    curate(vault, NAMES[:1], Change(add_tags=("a", "b"), archived=True))
    curate(vault, NAMES[:1], Change(drop_tags=("a", "b"), archived=False))
    assert vault.item(NAMES[0], ABOUT).value.body == before


def test_tags_are_searched_whole_with_and_without_words(vault: Vault) -> None:
    curate(vault, NAMES[:1], Change(add_tags=("travel", "work")))
    curate(vault, NAMES[1:2], Change(add_tags=("travelling",)))
    with vault.reader() as reader:
        assert [found.conversation for found in reader.conversations(ask("tag:Travel"))] == NAMES[:1]
        assert [hit.conversation for hit in reader.search(ask("tag:travel tag:work where"))] == NAMES[:1]
        assert reader.count(ask("tag:travel tag:other")) == 0


def test_a_conversation_without_a_header_gets_one_and_can_go_back(vault: Vault) -> None:
    bare = NAMES[2]
    ensure_headers(vault, NAMES)
    undo.keep_heads(vault, "tags", [(bare, ABOUT)])
    curate(vault, [bare], Change(add_tags=("found",)))
    assert row(vault, bare).tags == ("found",)
    assert undo.undo(vault) == 1
    assert row(vault, bare).tags == ()
    assert row(vault, bare).title == "Where to?"


def test_two_undo_points_of_one_moment_are_two(vault: Vault) -> None:
    first = undo.keep_heads(vault, "pin", [(NAMES[0], ABOUT)])
    second = undo.keep_heads(vault, "pin", [(NAMES[1], ABOUT)])
    assert first < second
    assert len(undo.points(vault)) == 2


def test_a_deleted_conversation_cannot_be_changed_and_nothing_else_is(vault: Vault) -> None:
    from netto_tui.vault import writing

    writing.delete(vault, NAMES[1])
    with pytest.raises(UsageError, match="deleted"):
        curate(vault, NAMES[:2], Change(pinned=True))
    assert row(vault, NAMES[0]).state == ()
    with pytest.raises(UsageError, match="no conversation"):
        ensure_headers(vault, [conversation_id("test", "nowhere")])


def test_an_index_without_tags_learns_them_when_it_is_opened(vault: Vault) -> None:
    curate(vault, NAMES[:1], Change(add_tags=("travel",)))
    path = vault.path
    vault.sql.execute("ALTER TABLE conversations DROP COLUMN tags")
    vault.sql.execute("PRAGMA user_version = 3")
    vault.close()
    with Vault.open(path, now=lambda: NOW) as opened, opened.reader() as reader:
        assert [found.tags for found in reader.conversations(ask("tag:travel"))] == [("travel",)]
        assert reader.count(ask("")) == 3


def test_tags_are_small_words_whoever_wrote_them() -> None:
    assert read_tags("#Home, work  home;Łódź") == ("home", "work", "łódź")
    assert tag_names(["Machine Learning", 7, "", "a\x1b[2J"]) == ("machine-learning",)
    assert tag_names("no list") == ()
    with pytest.raises(UsageError, match="no tag"):
        read_tags("x" * 41)


def test_a_tag_that_is_a_credential_does_not_reach_the_screen(vault: Vault) -> None:
    curate(vault, NAMES[:1], Change(add_tags=("ghp_" + "a1b2c3d4e5" * 3 + "f6a7b8", "fine")))
    assert row(vault, NAMES[0]).tags == ("fine",)


def test_each_change_has_a_way_back_and_a_line_in_the_journal(vault: Vault) -> None:
    done = curation.change(vault, NAMES[:2], Change(archived=True), "archive")
    assert done.conversations == 2
    assert row(vault, NAMES[1]).state == ("archived",)
    with vault.reader() as reader:
        [line] = reader.journal()
        assert (line.kind, line.replica) == ("Curated", "")
        assert line.detail.startswith("archive: 2 conversations") and done.undo in line.detail
    assert curation.take_back(vault, done.undo) == 2
    assert row(vault, NAMES[1]).state == ()
    with vault.reader() as reader:
        assert reader.journal()[0].detail == "took back a change of 2 items"


def test_a_change_that_changes_nothing_leaves_no_point_and_no_line(vault: Vault) -> None:
    assert curation.change(vault, NAMES[:1], Change(archived=False), "archive").undo == ""
    assert undo.points(vault) == []
    with vault.reader() as reader:
        assert reader.journal() == []


def test_a_deleted_conversation_and_a_deleted_message_come_back_whole(vault: Vault) -> None:
    with vault.reader() as reader:
        before = [reader.messages(name) for name in NAMES]
    message = message_id(NAMES[0], "0")
    one = curation.delete_item(vault, NAMES[0], message)
    many = curation.delete(vault, NAMES)
    with vault.reader() as reader:
        assert reader.count(ask("")) == 0
    curation.take_back(vault, many.undo)
    with vault.reader() as reader:
        assert reader.count(ask("")) == 3
        assert reader.messages(NAMES[0]) == [], "deleted before"
    curation.take_back(vault, one.undo)
    with vault.reader() as reader:
        after = [reader.messages(name) for name in NAMES]
    assert [[message.text for message in each] for each in after] == [[m.text for m in each] for each in before]


def test_the_ledger_tells_how_each_replica_holds_a_conversation(vault: Vault) -> None:
    with vault.transaction() as sql:
        for name, cursor in (("disk", "seen"), ("new", "")):
            sql.execute(
                "INSERT INTO replicas (name, kind, target, cursor) VALUES (?, 'folder', '/x', ?)", (name, cursor)
            )
    disk = Ledger(vault, "disk", "folder", "/x")

    def how(name: str) -> dict[str, str]:
        vault.digest()
        with vault.reader() as reader:
            return dict(held(reader, [name])[name])

    name = NAMES[0]
    assert how(name) == {"disk": "absent", "new": "unknown"}
    digest = vault.sql.execute("SELECT digest FROM conversations WHERE name = ?", (name,)).fetchone()[0]
    disk.record({name: digest})
    assert how(name)["disk"] == "equal"
    curate(vault, [name], Change(pinned=True))
    assert how(name)["disk"] == "behind"
    disk.withhold({name: vault.sql.execute("SELECT digest FROM conversations WHERE name = ?", (name,)).fetchone()[0]})
    assert how(name)["disk"] == "withheld"
    disk.record({NAMES[1]: "0" * 64})
    assert how(NAMES[1])["disk"] == "different"
    disk.forget([NAMES[1]], recheck=True)
    assert how(NAMES[1])["disk"] == "unknown"


def test_the_names_for_suggestions_are_those_that_are_there(vault: Vault) -> None:
    curate(vault, NAMES[:2], Change(add_tags=("work", "home")))
    with vault.reader() as reader:
        assert tags(reader) == ["home", "work"]
        assert sources(reader) == []
