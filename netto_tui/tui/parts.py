"""The parts of a message as they come to the screen: from its record, with files described and credentials named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from netto_tui.model.conversation import body_text
from netto_tui.model.sections import Section, sections
from netto_tui.vault.records import files, record

if TYPE_CHECKING:
    from netto_tui.vault.reader import Reader
    from netto_tui.vault.rows import FileRow, MessageRow

_SHORTEST = 6
"""Characters of a credential that are looked for in every part; shorter ones are words as well."""


def parts_of(reader: Reader, row: MessageRow, *, reveal: bool) -> Sequence[Section]:
    """The parts of a message; only its text where its record is not at hand or says something else.

    reveal: credentials as they are; else they are named, also where a part shows them in another form.
    """
    stored = record(reader, row.revision)
    body = stored.rev.body if stored is not None else None
    found = sections(body) if body is not None else ()
    if body is None or not found or (not row.secrets and body_text(body) != row.text):
        return (Section("prose", row.text),)
    if any(section.file is not None for section in found):
        found = tuple(_described(found, files(reader, row.conversation, body)))
    return found if reveal or not row.secrets else masked(found, body_text(body))


def _described(found: Sequence[Section], rows: Sequence[FileRow]) -> Iterable[Section]:
    """Each file with its type, its size, and where it lies."""
    attached, hint = iter(rows), " · o saves it"
    for section in found:
        if section.file is not None:
            section, hint = replace(section, summary=file_words(next(attached)) + hint), ""
        yield section


def file_words(row: FileRow) -> str:
    """What there is to say of a file besides its name."""
    return " · ".join(filter(None, (row.media_type, byte_words(row.bytes), place_words(row))))


def byte_words(count: int | None) -> str:
    """A size for people: `412 B`, `1.2 kB`, `3.4 MB`; "" for an unknown one."""
    if count is None:
        return ""
    for unit, word in ((1_000_000, "MB"), (1_000, "kB")):
        if count >= unit:
            return f"{count / unit:.1f} {word}"
    return f"{count} B"


def place_words(row: FileRow) -> str:
    """Where a file is, in words; what is not here names who has it."""
    match row.state:
        case "here":
            return "in the vault"
        case "lost":
            return f"not here; {', '.join(row.replicas)} has it" if row.replicas else "not here, and proven nowhere"
        case "embedded":
            return "its text is in the message"
        case "external":
            return "not kept: it lies elsewhere"
        case _:
            return f"not kept: {row.state} at its source"


def masked(found: Sequence[Section], text: str) -> tuple[Section, ...]:
    """Parts whose credentials are named: those that the whole text shows, and those that each part shows itself."""
    from netto_tui.security.redact import find, mask

    whole = mask(text)
    known = {text[each.start : each.end]: each.kind for each in find(text)}
    secrets = sorted((secret for secret in known if len(secret) >= _SHORTEST), key=len, reverse=True)

    def hidden(said: str) -> str:
        said = mask(said)
        for secret in secrets:
            said = said.replace(secret, f"‹{known[secret]}›")
        return said

    if len(found) == 1 and found[0].text == text:
        return (replace(found[0], text=whole),)
    return tuple(
        replace(each, text=hidden(each.text), label=hidden(each.label), summary=hidden(each.summary)) for each in found
    )
