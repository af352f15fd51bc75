"""Titles, tags, pins, archives and deletions on the command line, and the way back."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Program


@pytest.fixture
def talk(vault: Program) -> tuple[Program, str, str]:
    """A vault with one conversation of one message."""
    done = vault("--json", "log", "--role", "user", "--title", "A trip", "Where to?")
    return vault, done.json["conversation"], done.json["item"]


def test_a_conversation_gets_a_title_tags_and_a_state_and_gives_them_back(talk: tuple[Program, str, str]) -> None:
    netto, name, _ = talk
    done = netto("edit", name[:8], "--title", "To Lisbon", "--tag", "#Travel", "--tag", "work", "--pin", "--json")
    assert done.code == 0, done.err
    assert done.json["conversation"] == name and done.json["revision"] and done.json["undo"]
    assert {key: done.json[key] for key in ("title", "tags", "state")} == {
        "title": "To Lisbon",
        "tags": ["travel", "work"],
        "state": ["pinned"],
    }
    [row] = netto("list", "tag:travel", "is:pinned", "--json").json["conversations"]
    assert row["tags"] == ["travel", "work"]
    assert "#travel" in netto("list").out
    assert set(row["held"].values()) == {"unknown"}, "no pass has looked"
    netto("sync")
    [row] = netto("list", "--json").json["conversations"]
    assert set(row["held"].values()) == {"equal"}
    assert netto("edit", name, "--untag", "work", "--unpin", "--json").json["tags"] == ["travel"]
    again = netto("edit", name, "--untag", "work", "--json").json
    assert (again["revision"], again["undo"]) == (None, None)
    assert netto("undo", done.json["undo"], "--json").json == {"changed": 1}
    [row] = netto("list", "--json").json["conversations"]
    assert (row["title"], row["tags"], row["state"]) == ("A trip", [], [])


def test_options_and_a_text_do_not_go_together(talk: tuple[Program, str, str]) -> None:
    netto, name, item = talk
    for given in ((name,), (name, item, "New", "--pin")):
        done = netto("edit", *given)
        assert done.code == 2 and "--title" in done.err
    assert netto("edit", name, "--tag", "x" * 60).code == 2


def test_what_was_deleted_comes_back_with_the_point_that_is_named(talk: tuple[Program, str, str]) -> None:
    netto, name, item = talk
    one = netto("delete", name, item, "--json").json
    assert one["item"] == item
    whole = netto("delete", name)
    assert whole.code == 0 and "netto-tui undo" in whole.out
    assert netto("list", "--json").json["total"] == 0
    assert netto("undo", whole.out.split()[-1]).code == 0
    assert netto("undo", one["undo"]).code == 0
    assert netto("show", name, "--json").json["messages"][0]["text"] == "Where to?"
