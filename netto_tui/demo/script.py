"""The form in which the sample conversations are written down, and how they are read.

    A title
    >> what the person says, to the next mark
    << what the assistant says
    ~~ what it thinks before
    !! tool {"an": "argument"}
    == what the tool answers

`$name` stands for a value of the case, and `[[one|other]]` for one of several ways to say it.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from string import Template

from netto_tui.model.revision import Message, Part, Text, Thinking, ToolCall, ToolResult

Case = Mapping[str, str]

_CHOICE = re.compile(r"\[\[(.+?)\]\]", re.DOTALL)
_MARK = re.compile(r"^(>>|<<|~~|!!|==) ?", re.MULTILINE)


@dataclass(frozen=True)
class Script:
    """Conversations of one kind, one for each case.

    source: `openclaw`, `claude-code` or `netto`. text: as in the module's docstring. note: what
    the assistant writes into its memory that evening, "" for nothing. hours: when such a
    conversation begins, else as usual for its source.
    """

    source: str
    text: str
    note: str = ""
    cases: tuple[Case, ...] = ({},)
    hours: tuple[int, int] | None = None


@dataclass(frozen=True)
class Scene:
    """One conversation, ready to be dated: title, messages in order, and a note for the day's memory."""

    source: str
    title: str
    turns: tuple[Message, ...]
    note: str
    project: str = ""
    hours: tuple[int, int] | None = None


def play(script: Script, case: Case, rng: random.Random) -> Scene:
    """Fill in one case and read the turns."""

    def fill(text: str) -> str:
        return Template(_CHOICE.sub(lambda match: rng.choice(match[1].split("|")), text)).safe_substitute(case)

    title, _, rest = script.text.strip().partition("\n")
    turns = tuple(_turns(rest, fill))
    project = case.get("project", "")
    return Scene(script.source, _capital(fill(title.strip())), turns, fill(script.note), project, script.hours)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _turns(text: str, fill: Callable[[str], str]) -> Iterator[Message]:
    """Messages out of marked text; thoughts belong to what the assistant says or calls next."""
    parts: list[Part] = []
    pieces = _MARK.split(text)[1:]
    calls = 0
    for mark, piece in zip(pieces[::2], pieces[1::2], strict=True):
        said = piece.strip("\n")
        match mark:
            case ">>":
                yield Message("user", (Text(fill(said)),))
            case "~~":
                parts.append(Thinking(fill(said)))
            case "!!":
                calls += 1
                name, _, arguments = said.partition(" ")
                filled = {key: fill(value) for key, value in json.loads(arguments or "{}").items()}
                yield Message("assistant", (*parts, ToolCall(name, f"call_{calls}", filled)))
                parts = []
            case "==":
                yield Message("tool", (ToolResult(f"call_{calls}", output=(Text(fill(said)),)),))
            case _:
                yield Message("assistant", (*parts, Text(fill(said))))
                parts = []
