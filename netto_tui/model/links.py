"""A deep link: one conversation, and one message in it, as text that can be kept and sent: `c_…#m_…`."""

from __future__ import annotations

from typing import NamedTuple


class Link(NamedTuple):
    """Where a link leads; item is "" for the conversation as a whole."""

    conversation: str
    item: str = ""

    def __str__(self) -> str:
        return f"{self.conversation}#{self.item}" if self.item else self.conversation

    @property
    def command(self) -> str:
        """What opens it when it is pasted into a terminal; a document's name is quoted for the shell."""
        import shlex

        return f"netto-tui open {shlex.quote(str(self))}"


def read_link(text: str) -> Link:
    """A link as written: whole, with beginnings of ids, or as the command that opens it."""
    conversation, _, item = text.strip().removeprefix("netto-tui open ").strip("'\" ").partition("#")
    return Link(conversation, item)
