"""Conversations in plain JSON: `messages[]`, ShareGPT's `conversations[]`, Taskmaster's `utterances[]`.

A file may hold one conversation, a list of them, a list of messages, or one of either per line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from netto_tui.capture.about import titled
from netto_tui.capture.base import Draft, Event, Found, Skipped
from netto_tui.capture.candidate import Candidate
from netto_tui.capture.mapping import Keys, Parts, Taker, Time, compact, first_at
from netto_tui.capture.reading import Entry, elements, file_entries
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import ABOUT, About, Attachment, Message, Role, Text, ToolCall, ToolResult, encode_value

KIND = "generic"
BY = f"source:{KIND}"

LISTS = ("messages", "conversations", "utterances")
_BROKEN = re.compile(rf'"(?:{"|".join(LISTS)})"\s*:\s*\[')
SPEAKERS = ("role", "from", "sender", "speaker", "author")
CONTENTS = ("content", "value", "text")
TIMES = ("timestamp", "created_at", "created_utc", "create_time", "created", "time", "date", "sent_at")
_IDS = ("id", "conversation_id", "uuid", "session_id")
_ROLES: dict[str, Role] = {
    "user": "user",
    "human": "user",
    "customer": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "system": "system",
    "developer": "system",
    "tool": "tool",
    "function": "tool",
    "observation": "tool",
}


class Generic:
    """JSON and JSON lines that are shaped like conversations."""

    kind = KIND

    def detect(self, candidate: Candidate) -> Found | None:
        """By the first conversation or the first message in it, or by the name of its list where it is broken."""
        if candidate.is_folder:
            return None
        path, first = candidate.path, candidate.element
        if first is None and _BROKEN.search(candidate.text):
            return Found(KIND, f"{KIND}-json", path, path.parent, 0.3)
        if not isinstance(first, dict) or not (_messages_of(first) or _nested(first) or _is_message(first)):
            return None
        by_line = candidate.text.lstrip().startswith("{") and len(candidate.records) > 1
        is_list = candidate.text.lstrip().startswith("[")
        form = "jsonl" if by_line else "json"
        if _is_message(first) and not (by_line or is_list):
            return None
        return Found(KIND, f"{KIND}-{form}", path, path.parent, 0.5)

    def read(self, found: Found) -> Iterator[Event]:
        """Each conversation: its messages, then its header."""
        is_lines = found.format.endswith("jsonl")
        source = file_entries(found.path, found.where) if is_lines else elements(found.path, found.where)
        loose: _Conversation | None = None
        for number, one in enumerate(source, 1):
            if isinstance(one, Entry):
                record = one.record
            elif isinstance(one, dict):
                record = one
            elif isinstance(one, Skipped):
                yield one
                continue
            else:
                yield _strange(found, f"element {number} is no conversation and no message", one)
                continue
            nested = _nested(record)
            if nested:
                around = {key: value for key, value in record.items() if key != LISTS[1]}
                for inner in nested:
                    yield from _conversation(inner, found, around)
            elif _messages_of(record):
                yield from _conversation(record, found)
            elif _is_message(record):
                loose = loose or _Conversation(Keys().key(record), found)
                yield loose.message(record)
            else:
                line = one.line if isinstance(one, Entry) else 0
                yield _strange(found, f"element {number} is no conversation and no message", record, line)
        if loose is not None:
            yield loose.header({})


def _strange(found: Found, reason: str, value: Any, line: int = 0) -> Skipped:
    return Skipped(found.where, line, reason, encode_value(value).encode())


def _speaker(message: Any) -> str:
    return next((key for key in SPEAKERS if isinstance(message.get(key), str | dict)), "")


def _is_message(value: Any) -> bool:
    """Whether a value says who spoke, and what."""
    return isinstance(value, dict) and bool(_speaker(value)) and any(key in value for key in CONTENTS)


def _messages_of(record: dict[str, Any]) -> str:
    """The key under which a conversation has its messages; "" when it is none."""
    for key in LISTS:
        messages = record.get(key)
        if isinstance(messages, list) and (any(map(_is_message, messages)) or (not messages and key != LISTS[1])):
            return key
    return ""


def _nested(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The conversations of an object that only wraps a list of them."""
    inner = record.get("conversations")
    if not isinstance(inner, list) or _messages_of(record):
        return []
    return [one for one in inner if isinstance(one, dict) and _messages_of(one)]


def _conversation(record: dict[str, Any], found: Found, around: dict[str, Any] | None = None) -> Iterator[Event]:
    """One conversation; `around` is what the file says of all of its conversations."""
    fields = Taker(record)
    messages = fields.items(_messages_of(record))
    name = next((str(record[key]) for key in _IDS if isinstance(record.get(key), str | int) and record[key]), "")
    conversation = _Conversation(name or Keys().key(record), found)
    conversation.start = next((time for key in TIMES if (time := Taker(record).time(key)).order is not None), Time())
    for number, message in enumerate(messages, 1):
        if isinstance(message, dict):
            yield conversation.message(message)
        else:
            yield _strange(found, f"message {number} of a conversation is not an object", message)
    yield conversation.header(fields.left, around)


class _Conversation:
    """One conversation while its messages are read; each is the answer to the one before."""

    def __init__(self, native_id: str, found: Found) -> None:
        self.native_id = native_id
        self.found = found
        self.id = conversation_id(KIND, native_id)
        self.keys = Keys()
        self.named: dict[str, list[str]] = {}
        self.last: str | None = None
        self.start = Time()
        self.first = Time()

    def message(self, record: dict[str, Any]) -> Draft:
        """One message as an item."""
        fields = Taker(record)
        own_id = record.get("id", record.get("uuid"))
        has_id = isinstance(own_id, str | int) and own_id != ""
        key = self._key_of(f"id:{own_id}", record) if has_id else self.keys.key(record)
        native: dict[str, Any] = {}
        role, author = _role(fields, native)
        time = next((time for name in TIMES if (time := fields.time(name)).raw is not None), Time())
        if self.first.order is None:
            self.first = time
        parts = Parts()
        name = next((name for name in CONTENTS if fields.left.get(name) not in (None, "")), "")
        if parts.content(fields.left.get(name), _block):
            fields.take(name)
        calls = fields.left.get("tool_calls")
        if isinstance(calls, list) and all(isinstance(call, dict) for call in calls):
            for call in fields.items("tool_calls"):
                _tool_call(parts, Taker(call))
        if role == "tool" and parts.parts:
            call_id, called = fields.text("tool_call_id"), fields.text("name")
            parts.parts = [ToolResult(call_id=call_id, name=called, output=tuple(parts.parts))]
        model = compact((("id", fields.text("model")),))
        native |= compact((("blocks", parts.left), ("message", fields.left)))
        item, parent = message_id(self.id, key), self.last
        self.last = item
        body = Message(
            role=role,
            parts=tuple(parts.parts),
            author=author,
            sent=time.sent,
            parent=parent if parent != item else None,
            model=model,
            native=native,
        )
        return Draft(self.id, item, body, first_at(time, self.start), BY, parts.blobs)

    def _key_of(self, name: str, record: dict[str, Any]) -> str:
        """A message's own id; with a number where different messages of one conversation have the same."""
        body = Keys().key(record)
        bodies = self.named.setdefault(name, [])
        if body not in bodies:
            bodies.append(body)
        number = bodies.index(body)
        return f"{name}:{number + 1}" if number else name

    def header(self, left: dict[str, Any], around: dict[str, Any] | None = None) -> Draft:
        """What the conversation says of itself."""
        fields = Taker(left)
        title = fields.text("title") or fields.text("name")
        about = About(
            source={"app": KIND, "format": self.found.format, "native_id": self.native_id},
            native=compact(
                (("titles", compact((("name", title),))), ("conversation", fields.left), ("export", around))
            ),
        )
        return Draft(self.id, ABOUT, titled(about), first_at(self.start, self.first), BY)


def _role(fields: Taker, native: dict[str, Any]) -> tuple[Role, str]:
    """The role and the author of a message; a speaker with a name of his own is a user."""
    key = _speaker(fields.left)
    inner = Taker(fields.object(key))
    speaker, author = fields.text(key) or inner.text("role"), inner.text("name")
    native |= compact(((key, inner.left),))
    author = author or fields.text("author")
    role = _ROLES.get(speaker.lower())
    if role is None:
        return "user", author or speaker
    if speaker != role:
        native["speaker"] = speaker
    return role, author


def _block(parts: Parts, fields: Taker, kind: str) -> None:
    if kind in ("text", "input_text", "output_text") and isinstance(fields.left.get("text"), str):
        parts.add(Text(fields.text("text")), fields.left)
    elif kind == "image_url" and _image(parts, fields):
        pass
    else:
        parts.unknown(kind, fields)


def _image(parts: Parts, fields: Taker) -> bool:
    inner = Taker(Taker(fields.left).object("image_url"))
    url = inner.text("url")
    left = {key: value for key, value in fields.left.items() if key != "image_url"} | inner.left
    media_type, _mark, data = url.removeprefix("data:").partition(";base64,")
    if url.startswith("data:") and data:
        return parts.embedded(data, media_type, left=left)
    if url:
        parts.add(Attachment(native_ref=url, availability="external"), left)
    return bool(url)


def _tool_call(parts: Parts, call: Taker) -> None:
    call_id, function = call.text("id"), Taker(call.object("function"))
    name, raw = function.text("name"), function.text("arguments")
    arguments = None if raw else function.take("arguments")
    left = {**call.left, **compact((("function", function.left),))}
    parts.add(ToolCall(name=name, call_id=call_id, arguments=arguments, arguments_raw=raw), left)
