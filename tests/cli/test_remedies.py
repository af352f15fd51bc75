"""Every command that a message or a page tells people to type is one that exists, with the options it names."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from netto_tui.cli.root import COMMANDS, root

ROOT = Path(__file__).resolve().parents[2]
TOLD = re.compile(r"netto-tui ((?:--[a-z-]+ )*)([a-z]+)((?: (?:\{[^}]*\}|[A-Za-z0-9_./=:,…-]+))*)")
PROSE = {
    "begins",
    "sealed",
    "or",
    "recovery",
    "does",
    "knows",
    "writes",
    "on",
    "reads",
    "at",
    "vault",
    "again",
    "needs",
    "wrote",
    "in",
    "had",
    "is",
    "only",
    "takes",
}
GLOBAL = {"--vault", "--config", "--json", "--version", "--help"}


def told() -> list[tuple[str, str, str]]:
    """(file, command, what follows) wherever something like a command line stands."""
    files = [*ROOT.glob("netto_tui/**/*.py"), ROOT / "README.md", *ROOT.glob(".ci/*")]
    found = []
    for file in files:
        for _, name, rest in TOLD.findall(file.read_text().replace('"\n', "")):
            if name not in PROSE:
                found.append((str(file.relative_to(ROOT)), name, rest))
    return found


def test_there_is_something_to_look_at() -> None:
    assert len(told()) > 30


@pytest.mark.parametrize(("file", "name", "rest"), sorted(set(told())))
def test_what_people_are_told_to_type_exists(file: str, name: str, rest: str) -> None:
    assert name in COMMANDS, file
    command = root.get_command(click.Context(root), name)
    assert command is not None
    if isinstance(command, click.Group):
        words = rest.split()
        command = command.commands[words[0].rstrip(".,:…")] if words else command
    options = GLOBAL | {option for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"(?<= )--[a-z-]+", rest)) <= options, file
