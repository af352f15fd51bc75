"""What a message consists of, in the order in which it was said: words, thoughts, tools, files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from netto_tui.model.conversation import part_text
from netto_tui.model.revision import (
    Attachment,
    BlobRef,
    Body,
    Code,
    Document,
    Message,
    Part,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    encode_value,
)

Kind = Literal["prose", "code", "thinking", "call", "result", "file", "unknown"]

ASIDES: frozenset[Kind] = frozenset({"thinking", "call", "result", "unknown"})
"""What is not said to a person, and can be folded."""

_TELLING = ("command", "cmd", "file_path", "path", "pattern", "query", "url", "description", "prompt")
"""Arguments of a tool that say best what was asked of it."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a message; its texts are untrusted.

    label: the tool, the language of code, or the file's name. summary: a few words on what is folded away.
    file: the attachment itself. whole: where all of the text lies, when `text` is only its beginning.
    """

    kind: Kind
    text: str
    label: str = ""
    summary: str = ""
    file: Attachment | None = None
    whole: BlobRef | None = None


def sections(body: Body) -> tuple[Section, ...]:
    """The parts of a body; what an assistant keeps in a document is one of prose, a header or tombstone has none."""
    match body:
        case Message(parts=parts, blobs=blobs):
            found = [each for place, part in enumerate(parts) for each in _of_part(part, _moved(blobs, place))]
            return tuple(section for section in found if section.text or section.label or section.whole)
        case Document(text=text, blobs=blobs):
            return (Section("prose", text, whole=blobs.get("/text")),)
        case _:
            return ()


def _moved(blobs: dict[str, BlobRef], place: int) -> BlobRef | None:
    """The longest string of a part that was moved out of it."""
    refs = [ref for pointer, ref in blobs.items() if pointer.startswith(f"/parts/{place}/")]
    return max(refs, key=lambda ref: ref.bytes, default=None)


def _of_part(part: Part, whole: BlobRef | None) -> Iterator[Section]:
    match part:
        case Text(text=text):
            yield Section("prose", text, whole=whole)
        case Code(text=text, language=language):
            yield Section("code", text, language, whole=whole)
        case Thinking():
            text = part_text(part)
            sealed = "" if text or not (part.encrypted or part.signature) else "sealed by its maker"
            if text or sealed:
                yield Section("thinking", text, "thinking", sealed or text, whole=whole)
        case ToolCall():
            yield Section("call", _arguments(part), part.name or "tool", _telling(part), whole=whole)
        case ToolResult():
            failed = part.is_error or bool(part.exit_code)
            label = f"{part.name or 'result'}{' failed' if failed else ''}"
            text = "\n".join(
                filter(None, (part_text(each) for each in part.output if not isinstance(each, Attachment)))
            )
            yield Section("result", text, label, text, whole=whole)
            yield from (_file(each) for each in part.output if isinstance(each, Attachment))
        case Attachment():
            yield _file(part, whole)
        case _:
            yield Section("unknown", encode_value(part.raw), part.native_type or "unknown", whole=whole)


def _file(part: Attachment, whole: BlobRef | None = None) -> Section:
    return Section("file", part.text, part.name or part.native_ref or part.media_type or "attachment", "", part, whole)


def _arguments(call: ToolCall) -> str:
    """What a tool was given, a line or more for each argument."""
    if call.arguments_raw or call.arguments is None:
        return call.arguments_raw
    if not isinstance(call.arguments, dict):
        return encode_value(call.arguments)
    return "\n".join(f"{name}: {_value(value)}" for name, value in call.arguments.items())


def _telling(call: ToolCall) -> str:
    """The argument that says best what a call is about."""
    if not isinstance(call.arguments, dict):
        return _arguments(call)
    named = [call.arguments[name] for name in _TELLING if call.arguments.get(name)]
    return _value((named or list(call.arguments.values()) or [""])[0])


def _value(value: Any) -> str:
    return value if isinstance(value, str) else encode_value(value)
