"""aider's chat history: Markdown to which every chat of a project is appended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from netto_tui.capture.base import Draft, Event, Found, Skipped
from netto_tui.capture.candidate import Candidate
from netto_tui.capture.mapping import Keys, first_at, parse_time
from netto_tui.capture.specstory import text_lines
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import ABOUT, About, Message, Part, Role, Text, ToolResult

KIND = "aider"
BY = f"source:{KIND}"

_START = re.compile(r"# aider chat started at (?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\s*")
_PROMPT = "#### "
_OUTPUT = ">"


class Aider:
    """`.aider.chat.history.md`."""

    kind = KIND

    def detect(self, candidate: Candidate) -> Found | None:
        """By the heading with which each chat starts."""
        if candidate.is_folder or not re.search(rf"^{_START.pattern}$", candidate.text[:4000], re.MULTILINE):
            return None
        return Found(KIND, KIND, candidate.path, candidate.path.parent, 0.9)

    def read(self, found: Found) -> Iterator[Event]:
        """The messages of each chat, then its header; a chat without a message is only counted."""
        started, begun_at, text = "", 0, list[str]()
        for number, line in enumerate(text_lines(found, _START), 1):
            if isinstance(line, Skipped):
                yield line
            elif start := _START.fullmatch(line):
                yield from _chat(started, text, found, begun_at)
                started, begun_at, text = start["time"], number, []
            else:
                text.append(line)
        yield from _chat(started, text, found, begun_at)


def _chat(started: str, text: list[str], found: Found, line: int) -> Iterator[Event]:
    turns = list(_turns(text))
    if all(role == "tool" for role, _said in turns):
        if started:
            yield Skipped(found.where, line, "a chat without a message")
        return
    prompt = next((said for kind, said in turns if kind == "user"), "")
    native_id = f"{started}\n{prompt}"
    conversation, keys = conversation_id(KIND, native_id), Keys()
    start = parse_time(started)
    last: str | None = None
    for role, said in turns:
        item = message_id(conversation, keys.key(role))  # the last turn of a chat may still grow
        part: Part = ToolResult(output=(Text(said),)) if role == "tool" else Text(said)
        native = {"ambiguous": True} if role == "assistant" and re.search(rf"^{_PROMPT}", said, re.MULTILINE) else {}
        yield Draft(conversation, item, Message(role, (part,), parent=last, native=native), first_at(start), BY)
        last = item
    source = {"app": KIND, "format": KIND, "native_id": native_id}
    yield Draft(conversation, ABOUT, About(source=source, native={"started": started}), first_at(start), BY)


def _turns(text: list[str]) -> Iterator[tuple[Role, str]]:
    """Prompts, answers and tool output, in their order.

    A prompt looks like a heading of the fourth level in an answer. It is a prompt at the start of
    a chat and after tool output, which ends every answer; elsewhere it stays in the answer, whole.
    """
    kinds: list[Role] = []
    before: Role | None = None
    for line in text:
        if line.startswith(_OUTPUT):
            before = "tool"
        elif line.startswith(_PROMPT) and before != "assistant":
            before = "user"
        elif line.strip():
            before = "assistant"
        kinds.append(before or "assistant")
    for kind, group in groupby(zip(kinds, text, strict=True), key=lambda pair: pair[0]):
        said = "\n".join(_bare(kind, line) for _, line in group).strip("\n")
        if said.strip():
            yield kind, said


def _bare(kind: Role, line: str) -> str:
    if kind == "user":
        return line.removeprefix(_PROMPT)
    return line.removeprefix(_OUTPUT).removeprefix(" ") if kind == "tool" else line
