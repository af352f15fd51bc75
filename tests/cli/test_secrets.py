"""Credentials in conversations are named instead of shown by every command, until a person asks to see them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Program

PASSED = "kW8rtq2ZzPq0vL4mYb7cXs1dNf6hJg3t"
TEXT = f"Deploy with api_key = {PASSED} as always."


@pytest.fixture
def talk(netto: Program) -> str:
    """A conversation whose only message holds a key; returns its id."""
    assert netto("init", "--zone", "UTC").code == 0
    done = netto("--json", "log", "--role", "user", TEXT)
    assert done.code == 0, done.err
    return str(done.json["conversation"])


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["for people", "as JSON"])
@pytest.mark.parametrize("command", ["show", "search", "export md", "export json", "export html"])
def test_a_key_is_named_until_it_is_asked_for(netto: Program, talk: str, form: tuple[str, ...], command: str) -> None:
    asked = {"show": ("show", talk), "search": ("search", "deploy")}
    args = asked.get(command) or ("export", "--format", command.split()[-1], "-o", "-", talk)
    masked, revealed = netto(*form, *args), netto(*form, *args, "--reveal-secrets")
    assert (masked.code, revealed.code) == (0, 0)
    assert PASSED[:8] not in masked.out + masked.err
    assert "API key" in masked.out
    assert PASSED in revealed.out


def test_the_list_marks_the_conversation_and_finds_it(netto: Program, talk: str) -> None:
    netto("log", "--role", "user", "Nothing of the kind.")
    listed = netto("--json", "list").json["conversations"]
    assert sorted(row["secrets"] for row in listed) == [False, True]
    assert [row["conversation"] for row in netto("--json", "list", "has:secret").json["conversations"]] == [talk]
    shown = netto("list", "has:secret").out
    assert "secret" in shown
    assert PASSED[:8] not in shown


def test_a_name_with_a_key_in_it_is_no_title(netto: Program) -> None:
    netto("init", "--zone", "UTC")
    begun = netto("--json", "log", "--role", "user", "--title", f"token: {PASSED}", "Hello").json["conversation"]
    for output in (netto("list").out, netto("show", begun).out, netto("--json", "list").out):
        assert PASSED[:8] not in output
        assert "token: ‹token›" in output


def test_a_title_made_of_a_message_shows_no_beginning_of_a_key(netto: Program) -> None:
    netto("init", "--zone", "UTC")
    netto("log", "--role", "user", f"Please keep this for me, it is rather long, the token is this one: token={PASSED}")
    [row] = netto("--json", "list").json["conversations"]
    assert PASSED[:4] not in row["title"]


def test_records_with_a_key_are_only_exported_as_they_are_on_request(netto: Program, talk: str, tmp_path: Path) -> None:
    target = tmp_path / "talk.jsonl"
    refused = netto("export", "--format", "native", "-o", str(target), talk)
    assert refused.code == 2
    assert "--reveal-secrets" in refused.err
    assert not target.exists()
    assert netto("export", "--format", "native", "-o", str(target), "--reveal-secrets", talk).code == 0
    assert PASSED in target.read_text()


def test_conflicts_name_a_key_in_each_version(netto: Program, talk: str, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    made = netto("init", "--plain", "--replica", f"disk=folder:{disk}")
    assert made.code == 0, made.err
    assert netto("sync").code == 0
    phone = ("--vault", str(tmp_path / "phone"))
    assert netto(*phone, "restore", "--from", f"folder:{disk}", "--yes").code == 0, netto(*phone, "status").err
    item = netto("--json", "show", talk).json["messages"][0]["item"]
    netto("edit", talk, item, f"token = {PASSED}A here")
    netto(*phone, "edit", talk, item, f"secret = {PASSED}B there")
    netto("sync")
    netto(*phone, "sync")
    netto("sync")
    for form in ((), ("--json",)):
        masked, revealed = netto(*form, "conflicts"), netto(*form, "conflicts", "--reveal-secrets")
        assert masked.code == 1, masked.err
        assert PASSED[:8] not in masked.out
        assert {PASSED + "A", PASSED + "B"} <= set(revealed.out.replace('"', " ").split())
