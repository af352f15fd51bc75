"""`open`: where a link leads, without a terminal."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Program


@pytest.fixture
def talk(vault: Program) -> tuple[Program, str, list[str]]:
    """A vault with one conversation of two messages."""
    first = vault("--json", "log", "--role", "user", "--title", "A trip", "Where to?").json
    second = vault("--json", "log", first["conversation"], "--role", "assistant", "Lisbon.").json
    return vault, first["conversation"], [first["item"], second["item"]]


def test_a_link_by_the_beginnings_of_its_ids_tells_what_it_would_open(talk: tuple[Program, str, list[str]]) -> None:
    netto, name, items = talk
    whole = netto("open", name[:9], "--json")
    assert whole.code == 0, whole.err
    assert {key: whole.json[key] for key in ("conversation", "item", "title", "position", "link")} == {
        "conversation": name,
        "item": None,
        "title": "A trip",
        "position": None,
        "link": name,
    }
    one = netto("open", f"{name[2:9]}#{items[1][2:9]}", "--json").json
    assert (one["item"], one["position"], one["link"]) == (items[1], 1, f"{name}#{items[1]}")
    assert netto("open", f"netto-tui open {one['link']}", "--json").json == one, "pasted as it may have been kept"


def test_what_is_not_there_is_said(talk: tuple[Program, str, list[str]]) -> None:
    netto, name, _ = talk
    for link, said in (("c_ffff", "No conversation"), (f"{name}#zz", "No message there"), (f"{name}#m_", "Several")):
        done = netto("open", link, "--json")
        assert done.code == 2 and said in done.err, link


def test_without_a_terminal_nothing_is_opened(talk: tuple[Program, str, list[str]]) -> None:
    netto, name, _ = talk
    done = netto("open", name)
    assert done.code == 2 and "terminal" in done.err
