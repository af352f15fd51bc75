"""A conversation as a file for other programs and for people: Markdown, HTML, JSON, or the records.

Everything is made a piece at a time, so a long conversation takes no more memory than a short one.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from netto_tui.security.display import safe_display, safe_json, safe_line
from netto_tui.vault.rows import ConversationRow, MessageRow, RevisionRow

FORMATS = ("md", "json", "html", "native")
SUFFIXES = {"md": ".md", "json": ".json", "html": ".html", "native": ".jsonl"}
"""What the name of a file in each format ends with."""

_FENCE = re.compile(r"^(`{3,}|~{3,})", re.MULTILINE)

_STYLE = """\
body { margin: 2rem auto; max-width: 46rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #222; }
header { border-bottom: 1px solid #ccc; margin-bottom: 1.5rem; }
article { margin: 1.25rem 0; }
article h2 { font-size: .9rem; margin: 0 0 .25rem; color: #555; }
article h2 time { font-weight: normal; margin-left: .5rem; }
article div { white-space: pre-wrap; overflow-wrap: anywhere; }
.user div { background: #f2f4f7; border-radius: .5rem; padding: .6rem .9rem; }
.tool div { font: .85rem/1.4 ui-monospace, monospace; color: #444; }
@media (prefers-color-scheme: dark) {
  body { background: #1b1d21; color: #ddd; } .user div { background: #282b31; }
  header { border-color: #444; } article h2, .tool div { color: #aaa; }
}
"""


def markdown(row: ConversationRow, messages: Iterable[MessageRow], zone: ZoneInfo) -> Iterator[str]:
    """A conversation as Markdown: a heading for each message, and its text as it is."""
    yield f"# {_escaped(safe_line(row.title)) or '(no title)'}\n\n"
    facts = [_local(row.started, zone), _escaped(safe_line(row.source)), f"`{row.conversation}`"]
    yield f"{' · '.join(filter(None, facts))}\n"
    for message in messages:
        text = safe_display(message.text).rstrip("\n")
        yield f"\n## {_escaped(_speaker(message))}{_after(_local(message.at, zone))}\n\n{text}\n"
        if len(_FENCE.findall(text)) % 2:
            yield f"{_FENCE.findall(text)[-1]}\n"  # an open code block would swallow all that follows


def page(row: ConversationRow, messages: Iterable[MessageRow], zone: ZoneInfo) -> Iterator[str]:
    """A conversation as one HTML page that loads nothing, runs nothing, and follows no markup in what was said."""
    title = html.escape(safe_line(row.title) or "(no title)")
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n"
    )
    facts = " · ".join(filter(None, [_local(row.started, zone), safe_line(row.source), row.conversation]))
    yield f"<header>\n<h1>{title}</h1>\n<p>{html.escape(facts)}</p>\n</header>\n"
    for message in messages:
        moment = f'<time datetime="{html.escape(message.at)}">{_local(message.at, zone)}</time>' if message.at else ""
        yield (
            f'<article class="{html.escape(safe_line(message.role or message.kind))}">\n'
            f"<h2>{html.escape(_speaker(message))}{moment}</h2>\n"
            f"<div>{html.escape(safe_display(message.text))}</div>\n</article>\n"
        )
    yield "</body>\n</html>\n"


def transcript(row: ConversationRow, messages: Iterable[MessageRow]) -> dict[str, Any]:
    """A conversation as `show --json` and the JSON export write it; times are RFC 3339 in UTC or null."""
    return {
        "conversation": row.conversation,
        "title": row.title,
        "started": row.started or None,
        "messages": [
            {
                "item": message.item,
                "revision": message.revision,
                "at": message.at or None,
                "role": message.role,
                "author": message.author,
                "text": message.text,
                "conflict": message.conflict or None,
                "secrets": message.secrets,
                "hidden": message.hidden,
                "branch": message.branch,
            }
            for message in messages
        ],
    }


def revision_document(row: RevisionRow, *, reveal: bool) -> dict[str, Any]:
    """A stored revision with what the vault knows of it; reveal: its credentials as they are.

    `record` is null when its bytes cannot be read here, and what is not JSON is given as a string.
    """
    try:
        record = msgspec.json.decode(row.record) if row.record else None
    except (msgspec.DecodeError, RecursionError):
        record = row.record.decode("utf-8", "replace")
    return {
        "revision": row.revision,
        "at": row.at,
        "by": row.by,
        "head": row.head,
        "origins": list(row.origins),
        "record": record if reveal else _masked(record),
    }


def revision_text(row: RevisionRow, *, reveal: bool) -> str:
    """The same as a text of several lines; a credential that only the whole line gives away is named as well."""
    from netto_tui.security.redact import mask

    text = json_text(revision_document(row, reveal=reveal)).rstrip("\n")
    return text if reveal else mask(text)


def _masked(value: Any) -> Any:
    """Any JSON value with the credentials in its strings named."""
    from netto_tui.security.redact import mask

    match value:
        case str():
            return mask(value)
        case dict():
            return {mask(name): _masked(each) for name, each in value.items()}
        case list():
            return [_masked(each) for each in value]
        case _:
            return value


def json_text(document: dict[str, Any]) -> str:
    """A JSON document, indented for people."""
    return safe_json(msgspec.json.format(msgspec.json.encode(document), indent=2).decode()) + "\n"


def file_name(row: ConversationRow, form: str, zone: ZoneInfo) -> str:
    """A name that sorts by day and that every file system takes: 2026-11-23-night-train-1a2b3c4d.md."""
    plain = unicodedata.normalize("NFKD", row.title).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-")
    day = _local(row.started, zone)[:10] or "undated"
    return "-".join(filter(None, [day, words, row.conversation[2:10]])) + SUFFIXES[form]


def _speaker(message: MessageRow) -> str:
    if message.kind == "document":
        return safe_line(message.item)
    return safe_line(message.author) or safe_line(message.role)


def _local(instant: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(zone):%Y-%m-%d %H:%M}" if instant else ""


def _after(text: str) -> str:
    return f" · {text}" if text else ""


def _escaped(text: str) -> str:
    """Our headings with foreign words in them: nothing in those is markup."""
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", text)
