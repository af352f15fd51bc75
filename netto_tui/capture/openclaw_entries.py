"""The entries of an OpenClaw or pi session, the same from JSONL 1 to 3, SQLite and Git dumps.

Entry ids are not kept: opening an old file with pi gives it new, random ones, so they would
make one message two. References between entries become item ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from netto_tui.capture.base import Draft, Skipped, Warned
from netto_tui.capture.current import Current
from netto_tui.capture.mapping import Keys, Parts, Taker, compact, first_at
from netto_tui.capture.reading import Entry
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import Message, Part, Role, Text, Thinking, ToolCall, ToolResult, Unknown

KIND = "openclaw"
BY = f"source:{KIND}"

ENVELOPE = re.compile(
    r"\[(?P<channel>[A-Za-z][\w-]{0,30}) (?P<sender>[^\]\n]{1,120}?)(?: \+\d+[smhd])?"
    r" (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?(?: [\w+:-]{1,12})?\]"
)
"""How a channel marks who wrote: `[Telegram Name Tue 2026-01-20 10:00 CET] text`."""

_ROLES: dict[str, Role] = {
    "user": "user",
    "assistant": "assistant",
    "toolResult": "tool",
    "bashExecution": "user",
    "custom": "system",
    "hookMessage": "system",
    "branchSummary": "system",
    "compactionSummary": "system",
}
_RENAMED = {"hookMessage": "custom"}
_REFERENCES = {"firstKeptEntryId": "first_kept", "targetId": "target", "fromId": "from"}
_KNOWN = frozenset(
    {"compaction", "branch_summary", "custom_message", "custom", "label", "session_info", "model_change"}
    | {"thinking_level_change", "reset"}
)
_SHOWN = frozenset({"compaction", "branch_summary"})
_IDENTITY_LEFT_OUT = frozenset({"id", "parentId", "firstKeptEntryIndex", *_REFERENCES})
_SILENT = "NO_REPLY"
_MIRROR = "delivery-mirror"


class Session:
    """One session: turns its entries, in their order, into drafts, and remembers its names."""

    def __init__(self, native_id: str, header: dict[str, Any]) -> None:
        self.native_id = native_id
        self.conversation = conversation_id(KIND, native_id)
        self.header = header
        self.start = Taker(header).time("timestamp")
        self.linear = not isinstance(header.get("version"), int) or header["version"] < 2
        self.keys = Keys()
        self.items: dict[str, str] = {}
        self.order: list[str] = [""]  # the header is entry 0, as `firstKeptEntryIndex` counts
        self.current = Current()
        self.name = ""
        self.named = self.start.at

    def drafts(self, entries: Iterable[Entry | Skipped | Warned], where: str) -> Iterator[Draft | Skipped | Warned]:
        """A draft for each entry; what cannot be mapped is skipped with its bytes."""
        for entry in entries:
            if not isinstance(entry, Entry):
                yield entry
                continue
            try:
                yield self.draft(entry.record)
            except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
                reason = f"the entry is not as expected ({type(error).__name__})"
                yield Skipped(where, entry.line, reason, entry.data)

    def draft(self, record: dict[str, Any]) -> Draft:
        """One entry as a message item."""
        fields = Taker(record)
        kind = fields.text("type")
        native_id, parent = fields.take("id"), fields.take("parentId")
        if kind == "message" and not isinstance(record.get("message"), dict):
            kind = "message without content"
        inner = Taker(fields.object("message")) if kind == "message" else Taker({})
        item = message_id(self.conversation, self.keys.key(_identity(kind, record, inner.left)))
        native = self._references(fields)
        native.update(self._parent(parent))
        written, sent = fields.time("timestamp"), inner.time("timestamp")
        if sent.raw is None:
            sent = written
        elif written.raw is not None:
            native["written"] = written.raw
        body, parts = (_message if kind == "message" else _event)(kind, fields, inner, native)
        known = kind in _KNOWN or (kind == "message" and str(record["message"].get("role")) in _ROLES)
        if kind == "session_info" and isinstance(record.get("name"), str):
            self.name, self.named = record["name"], first_at(sent, self.start)
        if isinstance(native_id, str):
            self.items[native_id] = item
        above, at = native.pop("parent", None), first_at(sent, written, self.start)
        unsaid = above is None and "parentId" not in record and len(self.order) > 1
        self.current.add(item, above, at, item, lost=unsaid or "missing_parent" in native)
        self.order.append(item)
        return Draft(
            conversation=self.conversation,
            item=item,
            body=Message(sent=sent.sent, parent=above, native=native, **body),
            at=at,
            by=BY,
            blobs=parts.blobs,
            unknown=not known,
        )

    def leaf(self) -> tuple[dict[str, Any], str]:
        """What a header's state says of the current message, and as of when; nothing where the session is linear."""
        state = self.current.state(at_root=True)
        return state, self.current.at if state else ""

    def _parent(self, native_id: Any) -> dict[str, Any]:
        if self.linear and native_id is None:
            return {"parent": self.order[-1] or None}
        if native_id is None:
            return {}
        if isinstance(native_id, str) and native_id in self.items:
            return {"parent": self.items[native_id]}
        return {"missing_parent": native_id}

    def _references(self, fields: Taker) -> dict[str, Any]:
        """References to other entries, as items; one that leads nowhere stays as it is."""
        native = {}
        for key, name in _REFERENCES.items():
            target = fields.left.get(key)
            if isinstance(target, str) and target in self.items:
                native[name] = self.items[target]
                fields.take(key)
        index = fields.left.get("firstKeptEntryIndex")
        if isinstance(index, int) and 0 < index < len(self.order):
            native["first_kept"] = self.order[fields.take("firstKeptEntryIndex")]
        return native


def _identity(kind: str, record: dict[str, Any], message: dict[str, Any]) -> Any:
    """What makes an entry the same one in every encoding."""
    if kind != "message" or not message:
        return {key: value for key, value in record.items() if key not in _IDENTITY_LEFT_OUT}
    role = message.get("role")
    return {
        "type": kind,
        "role": _RENAMED.get(str(role), role),
        "time": message.get("timestamp", record.get("timestamp")),
        **{key: message[key] for key in ("content", "summary", "command", "output", "toolCallId") if key in message},
    }


def _message(_kind: str, fields: Taker, message: Taker, native: dict[str, Any]) -> tuple[dict[str, Any], Parts]:
    parts = Parts()
    native_role = message.text("role")
    body: dict[str, Any] = {"role": _ROLES.get(native_role, "system")}
    if native_role not in ("user", "assistant"):
        native["role"] = _RENAMED.get(native_role, native_role)
    if native_role == "toolResult":
        _tool_result(message, parts)
    elif native_role == "bashExecution":
        _bash(message, parts)
    elif native_role in _ROLES:
        _content(message, parts)
        if summary := message.text("summary"):
            parts.add(Text(summary))
    else:
        parts.unknown(native_role, message)
        message = Taker({})
    if native_role == "assistant":
        names = (("provider", "provider"), ("id", "model"), ("api", "api"))
        body["model"] = compact((name, message.text(key)) for name, key in names)
        body["usage"] = message.object("usage")
    if native_role == "user":
        body["author"] = _sender(parts.parts)
    if _is_hidden(native_role, body, message, parts.parts):
        native["hidden"] = True
    native.update(compact((("blocks", parts.left), ("message", message.left), ("entry", fields.left))))
    return {**body, "parts": tuple(parts.parts)}, parts


def _is_hidden(role: str, body: dict[str, Any], message: Taker, parts: list[Part]) -> bool:
    silent = role == "assistant" and (body["model"].get("id") == _MIRROR or parts == [Text(_SILENT)])
    return silent or role not in _ROLES or message.left.get("display") is False


def _event(kind: str, fields: Taker, _inner: Taker, native: dict[str, Any]) -> tuple[dict[str, Any], Parts]:
    """An entry that is no message: a summary, a setting, or something unknown."""
    parts = Parts()
    native["type"] = kind
    if kind == "custom_message":
        _content(fields, parts)
        if fields.left.get("display") is False:
            native["hidden"] = True
    elif kind == "custom":
        parts.add(Unknown(fields.text("customType"), fields.take("data")))
    elif kind in _KNOWN:
        text = fields.text("summary") if kind in _SHOWN else ""
        if text:
            parts.add(Text(text))
    else:
        parts.add(Unknown(kind, fields.left))
        fields = Taker({})
    if kind not in _SHOWN and kind != "custom_message":
        native["hidden"] = True
    native.update(compact((("blocks", parts.left), ("entry", fields.left))))
    return {"role": "system", "parts": tuple(parts.parts)}, parts


def _content(message: Taker, parts: Parts) -> None:
    if parts.content(message.left.get("content"), block):
        message.take("content")


def _tool_result(message: Taker, parts: Parts) -> None:
    inner = parts.nested()
    if inner.content(message.left.get("content"), block):
        message.take("content")
    call_id, name, is_error = message.text("toolCallId"), message.text("toolName"), message.flag("isError")
    result = ToolResult(call_id=call_id, name=name, output=tuple(inner.parts), is_error=is_error)
    parts.add(result, compact((("output", inner.left),)))


def _bash(message: Taker, parts: Parts) -> None:
    parts.add(ToolCall(name="bash", arguments={"command": message.take("command")}))
    output = message.text("output")
    result = ToolResult(
        name="bash",
        output=(Text(output),) if output else (),
        exit_code=message.integer("exitCode"),
        truncated=message.flag("truncated"),
    )
    parts.add(result)


def block(parts: Parts, fields: Taker, kind: str) -> None:
    """One content block as a part."""
    if kind == "text" and isinstance(fields.left.get("text"), str):
        parts.add(Text(fields.text("text")), fields.left)
    elif kind == "thinking":
        thinking = Thinking(text=fields.text("thinking"), signature=fields.text("thinkingSignature"))
        parts.add(thinking, fields.left)
    elif kind == "toolCall":
        call_id, name = fields.text("id"), fields.text("name")
        parts.add(ToolCall(name=name, call_id=call_id, arguments=fields.take("arguments")), fields.left)
    elif kind == "image" and parts.embedded(str(fields.left.get("data")), *_image(fields)):
        pass
    else:
        parts.unknown(kind, fields)


def _image(fields: Taker) -> tuple[str, str, dict[str, Any]]:
    """Media type, name and what is left of an image block."""
    left = {key: value for key, value in fields.left.items() if key != "data"}
    media_type = left.get("mimeType")
    if isinstance(media_type, str):
        del left["mimeType"]
    return media_type if isinstance(media_type, str) else "", "", left


def _sender(parts: list[Part]) -> str:
    """Who wrote, as the channel's envelope at the start of the text says."""
    first = parts[0].text if parts and isinstance(parts[0], Text) else ""
    found = ENVELOPE.match(first)
    return found["sender"].strip() if found else ""
