"""The records of Claude Code transcripts as messages; no specification of them is published."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from netto_tui.capture.base import Draft
from netto_tui.capture.current import Current
from netto_tui.capture.mapping import Keys, Parts, Taker, Time, compact, first_at
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import Message, Role, Text, Thinking, ToolCall, ToolResult, Unknown

KIND = "claude-code"
BY = f"source:{KIND}"

TURNS: dict[str, Role] = {"user": "user", "assistant": "assistant"}
KNOWN = frozenset(
    {*TURNS, "system", "summary", "ai-title", "custom-title", "attachment", "queue-operation", "progress", "mode"}
    | {"file-history-snapshot", "pr-link", "agent-setting", "agent-name", "agent-color", "last-prompt", "tag"}
    | {"permission-mode", "file-history-delta", "content-replacement", "worktree-state"}
)
_TEXTS = {
    "summary": "summary",
    "ai-title": "aiTitle",
    "custom-title": "customTitle",
    "agent-name": "agentName",
    "system": "content",
    "queue-operation": "content",
}
"""Where the text of a record lies that is no turn."""

_HARNESS = ("<task-notification>", "<command-name>", "<local-command-stdout>", "<ide_")
_CONTENT_IDENTITY = ("type", "timestamp")


@dataclass
class Transcript:
    """One conversation while its records are read.

    uuids: those that the file holds for it. agent: set when it is a subagent's own file.
    """

    native_id: str
    uuids: frozenset[str]
    agent: str = ""
    start: Time = field(default_factory=Time)
    latest: str = ""
    cwd: str = ""
    branch: str = ""
    titles: dict[str, str] = field(default_factory=dict)
    titled_at: str = ""
    call: str = ""
    forked_from: tuple[str, str] = ("", "")
    position: int = 0
    keys: Keys = field(default_factory=Keys)
    current: Current = field(default_factory=Current)

    @property
    def conversation(self) -> str:
        """The id of the conversation."""
        return conversation_id(KIND, self.native_id)

    def item(self, uuid: str) -> str:
        """The item id of a record that has a uuid."""
        return message_id(self.conversation, uuid)

    def draft(self, record: dict[str, Any]) -> Draft:
        """One record as a message item."""
        fields = Taker(record)
        kind, uuid, parent = fields.text("type"), fields.text("uuid"), fields.text("parentUuid")
        fields.text("sessionId")
        time = fields.time("timestamp")
        if fields.left.get("parentUuid", 0) is None:
            fields.take("parentUuid")
        self._observe(kind, record, time)
        native: dict[str, Any] = {} if kind in TURNS else {"type": kind, "hidden": True}
        native |= compact((("uuid", uuid), ("missing_parent", parent if parent not in self.uuids else "")))
        if not uuid and kind in TURNS:
            native["seq"] = self.position
        self.position += 1
        item = self.item(uuid) if uuid else message_id(self.conversation, self.keys.key(_identity(record)))
        logical = fields.left.get("logicalParentUuid")
        if isinstance(logical, str) and logical in self.uuids:
            native["logical_parent"] = self.item(str(fields.take("logicalParentUuid")))
        if fields.left.get("isSidechain") is True and not self.agent:
            native["side"] = True
        body, parts = _body(kind, fields, native)
        message = Message(
            sent=time.sent, parent=self.item(parent) if parent in self.uuids else None, native=native, **body
        )
        at = first_at(time, self.start)
        if uuid:
            self._follow(item, message, at, is_turn=kind in TURNS)
        return Draft(
            conversation=self.conversation,
            item=item,
            body=message,
            at=at,
            by=BY,
            blobs=parts.blobs,
            unknown=kind not in KNOWN,
        )

    def _follow(self, item: str, message: Message, at: str, *, is_turn: bool) -> None:
        """Note what a record follows. Only different prompts are different ways to go on: tools' results, hooks and
        what a compaction repeats have siblings without anybody having gone back."""
        native = message.native
        is_prompt = is_turn and message.role == "user" and "authored_by" not in native
        says = hashlib.sha256(repr(message.parts).encode("utf-8", "replace")).hexdigest() if is_prompt else ""
        above = message.parent or native.get("logical_parent")
        self.current.add(item, above, at, says if is_turn else None, lost=is_turn and "side" in native)

    def _observe(self, kind: str, record: dict[str, Any], time: Time) -> None:
        """Gather what the header will say."""
        fields = Taker(record)
        if self.start.order is None:
            self.start = time
        self.latest = max(self.latest, time.at)
        self.cwd = self.cwd or fields.text("cwd")
        self.branch = self.branch or fields.text("gitBranch")
        origin = Taker(fields.object("forkedFrom"))
        if not any(self.forked_from):
            self.forked_from = (origin.text("sessionId"), origin.text("messageUuid"))
        title = fields.text(_TEXTS.get(kind, "")) if kind in ("summary", "ai-title", "custom-title") else ""
        if kind == "summary" and fields.text("leafUuid") not in self.uuids:
            title = ""
        if title:
            name = {"summary": "summary", "ai-title": "generated", "custom-title": "custom"}[kind]
            self.titles[name] = title
            self.titled_at = first_at(self.latest, self.start)


def _identity(record: dict[str, Any]) -> dict[str, Any]:
    """What makes a record without a uuid the same one in every copy of the file."""
    message = record.get("message")
    if not isinstance(message, dict):
        return {key: value for key, value in record.items() if key != "sessionId"}
    identity = {key: record.get(key) for key in _CONTENT_IDENTITY}
    return {**identity, "role": message.get("role"), "content": message.get("content")}


def _body(kind: str, fields: Taker, native: dict[str, Any]) -> tuple[dict[str, Any], Parts]:
    parts = Parts()
    body: dict[str, Any] = {"role": TURNS.get(kind, "system")}
    message = Taker(fields.object("message")) if kind in TURNS else Taker({})
    if kind in TURNS:
        if message.left.get("role") == kind:
            message.take("role")
        _content(message, "content", parts)
        body["model"] = compact((("id", message.text("model")),))
        body["usage"] = message.object("usage")
        if parts.parts and all(isinstance(part, ToolResult) for part in parts.parts):
            body["role"] = "tool"
        if kind == "user" and _is_harness(fields, parts):
            native["authored_by"] = "harness"
    elif kind in KNOWN:
        _content(fields, _TEXTS.get(kind, ""), parts)
    else:
        parts.add(Unknown(kind, fields.left))
        fields = Taker({})
    native.update(compact((("blocks", parts.left), ("message", message.left), ("entry", fields.left))))
    return {**body, "parts": tuple(parts.parts)}, parts


def _is_harness(fields: Taker, parts: Parts) -> bool:
    first = parts.parts[0].text if parts.parts and isinstance(parts.parts[0], Text) else ""
    return any(fields.left.get(flag) is True for flag in ("isMeta", "isCompactSummary")) or first.startswith(_HARNESS)


def _content(fields: Taker, key: str, parts: Parts) -> None:
    if key and parts.content(fields.left.get(key), block):
        fields.take(key)


def block(parts: Parts, fields: Taker, kind: str) -> None:
    """One content block as a part."""
    if kind == "text" and isinstance(fields.left.get("text"), str):
        parts.add(Text(fields.text("text")), fields.left)
    elif kind in ("thinking", "redacted_thinking"):
        sealed = fields.text("data") if kind == "redacted_thinking" else ""
        thinking = Thinking(text=fields.text("thinking"), signature=fields.text("signature"), encrypted=sealed)
        parts.add(thinking, fields.left)
    elif kind == "tool_use":
        call_id, name = fields.text("id"), fields.text("name")
        parts.add(ToolCall(name=name, call_id=call_id, arguments=fields.take("input")), fields.left)
    elif kind == "tool_result":
        _tool_result(parts, fields)
    elif not (kind in ("image", "document") and _embedded(parts, fields)):
        parts.unknown(kind, fields)


def _tool_result(parts: Parts, fields: Taker) -> None:
    inner = parts.nested()
    _content(fields, "content", inner)
    result = ToolResult(call_id=fields.text("tool_use_id"), output=tuple(inner.parts), is_error=fields.flag("is_error"))
    parts.add(result, {**fields.left, **compact((("output", inner.left),))})


def _embedded(parts: Parts, fields: Taker) -> bool:
    source = Taker(Taker(fields.left).object("source"))
    if source.text("type") != "base64":
        return False
    data, media_type = source.text("data"), source.text("media_type")
    left = {key: value for key, value in fields.left.items() if key != "source"}
    return parts.embedded(data, media_type, left={**left, **compact((("source", source.left),))})
