"""What the two devices of the sample wrote apart: conflicts, a deletion beside an edit, and a clean merge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from netto_tui.model.conversation import body_text
from netto_tui.model.revision import Document, Message
from netto_tui.vault import writing
from netto_tui.vault.vault import Vault


class Apart(NamedTuple):
    """One text that both devices changed: `old` in a conversation of this title became two things."""

    title: str
    old: str
    laptop: str
    phone: str


CHANGES = (
    Apart("Kyoto in November 🍁", "Eight days in Kyoto from the 17th", "Nine days in Kyoto from the 16th", "Eight days in Kyoto from the 18th"),
    Apart("Night train to Vienna", "Booked, upper berth.", "Booked, lower berth after all, carriage 27.", "Booked, upper berth, seat 41."),
    Apart("Kündigung Fitnessstudio", "Da ich am 1. März", "Da ich am 1. April", "Da ich am 15. März"),
    Apart("Sourdough diary", "Take 320 g of water next time", "Take 310 g of water next time", "Take 330 g of water next time"),
    Apart("Memory of main", "- Prefers window seats.", "- Prefers window seats, except on night trains.", "- Prefers aisle seats near the door."),
    Apart("São Miguel com os miúdos", "**Três noites nas Furnas**", "**Quatro noites nas Furnas**", "**Três noites nas Furnas**"),
    Apart("São Miguel com os miúdos", "Levem dois fatos", "Levem dois fatos", "Levem três fatos"),
)  # fmt: skip
"""The last two touch different sentences of one message, so they merge."""

DELETED = Apart("Out of office, with a joke", "and so is my sense of duty", "and so is my alarm clock", "")
"""The laptop edited this message, the phone deleted it."""


def write_apart(vault: Vault, titles: dict[str, str], *, phone: bool) -> None:
    """Make the changes of one device. titles: conversations by title."""
    for change in CHANGES:
        new = change.phone if phone else change.laptop
        for item, text in _containing(vault, titles[change.title], change.old):
            if new != change.old:
                writing.edit(vault, titles[change.title], item, text.replace(change.old, new))
    name = titles[DELETED.title]
    for item, text in _containing(vault, name, DELETED.old):
        if phone:
            writing.delete(vault, name, item)
        else:
            writing.edit(vault, name, item, text.replace(DELETED.old, DELETED.laptop))


def _containing(vault: Vault, conversation: str, text: str) -> Iterator[tuple[str, str]]:
    """The items of a conversation that say this, with what they say."""
    for record in vault.records(conversation):
        body = record.rev.body
        if isinstance(body, Message | Document) and text in body_text(body):
            yield record.rev.item, body_text(body)
