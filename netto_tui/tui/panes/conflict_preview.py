"""What is in conflict in one conversation, to be read beside the list: where each version is, and what it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from netto_tui.errors import NettoError
from netto_tui.plural import many
from netto_tui.security.display import safe_display, safe_line
from netto_tui.tui import wording
from netto_tui.tui.comparing import Compared, compare_row, is_long
from netto_tui.tui.conflict_rows import conflict_row
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.picks import Row
from netto_tui.tui.resolver_lines import Look, base_content, name_of, version_content
from netto_tui.tui.widgets.resolver_view import DrawnLine, ResolverView
from netto_tui.vault.rows import ConflictRow

ITEM_LIMIT = 30
"""Items of one conversation that are read for a look; the resolver has all."""
LINE_LIMIT = 12
"""Lines of one version."""

Told = tuple[Row, Compared | None]
"""A conflict with its versions compared; None where they are so long that only the resolver does."""


class ConflictPreview(ResolverView):
    """The versions of one conversation's conflicts, read on a thread; a later question replaces an earlier one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", "Down", show=False, id="conflict-preview.down"),
        Binding("k,up", "scroll_up", "Up", show=False, id="conflict-preview.up"),
        Binding("g,home", "scroll_home", "First", show=False, id="conflict-preview.first"),
        Binding("G,end", "scroll_end", "Last", show=False, id="conflict-preview.last"),
    ]

    @dataclass
    class Read(Message):
        """The versions were read, or the reason why not."""

        serial: int
        rows: Sequence[Told]
        error: str = ""

    def __init__(self, *, widget_id: str) -> None:
        super().__init__(widget_id=widget_id)
        self.rows: Sequence[Told] = ()
        self._more = 0
        self._serial = 0
        self._conversation = ""

    def ask(self, conversation: str, items: Sequence[ConflictRow]) -> None:
        """Show these items of a conversation as soon as they are read."""
        self._serial += 1
        if conversation != self._conversation:
            self._conversation, self.rows = conversation, ()
            self._draw()
            self.scroll_to(y=0, animate=False)
        self._more = max(0, len(items) - ITEM_LIMIT)
        self._read(self._serial, conversation, [item.item for item in items[:ITEM_LIMIT]])

    def clear(self) -> None:
        """Show nothing."""
        self._serial += 1
        self._conversation, self.rows, self._more = "", (), 0
        self._draw()

    @work(thread=True, exclusive=True, exit_on_error=False, group="conflict-preview", description="Read versions")
    def _read(self, serial: int, conversation: str, items: Sequence[str]) -> None:
        vault = netto_of(self).vault
        if vault is None:
            return
        rows: list[Told] = []
        error = ""
        try:
            with vault.reader() as reader:
                for name in items:
                    if serial != self._serial:
                        return
                    item = vault.item(conversation, name)
                    if not item.conflict:
                        continue  # decided meanwhile
                    number = 0 if name == "about" else reader.position(conversation, name) + 1
                    origins = reader.origins([head.id for head in item.heads])
                    row = conflict_row(number, item, origins, fetch=vault.blobs.get)
                    rows.append((row, None if is_long(row) else compare_row(row)))
        except NettoError as problem:
            error = str(problem)
        self.post_message(self.Read(serial, sorted(rows, key=lambda told: told[0].number), error))

    def on_conflict_preview_read(self, message: Read) -> None:
        """Draw them, unless something else was asked for since."""
        message.stop()
        if message.serial == self._serial:
            self.rows = message.rows
            self._draw(message.error)

    def on_resize(self) -> None:
        """Wrap anew."""
        self._draw()

    def _draw(self, error: str = "") -> None:
        vault = netto_of(self).vault
        width = max(16, self.scrollable_content_region.width)
        zone = vault.zone if vault else UTC
        found = [list(_drawn(row, compared, width, zone)) for row, compared in self.rows]
        if error:
            found.append(list(Content.styled(safe_display(error), "$text-error").wrap(width)))
        if self._more and self.rows:
            found.append([Content.styled(f"  and {many(self._more, 'message')} more", "$faint")])
        self.show(len(found), lambda block: [DrawnLine(line) for line in found[block]])


def _drawn(row: Row, compared: Compared | None, width: int, zone: tzinfo) -> Iterator[Content]:
    """One conflict in `width` cells."""
    mark = ("x", "bold $text-error") if row.tombstone else ("?", "bold $text-warning")
    head = Content.assemble("  ", mark, f" {name_of(row)}", (f"  {safe_line(row.role, 12)}", "$foreground-muted"))
    yield head.truncate(width, ellipsis=True)
    if compared is None:
        size = wording.size_words(max(len(choice.text) for choice in row.choices))
        yield Content.styled(f"    {size} characters; enter compares them", "$foreground-muted")
        yield Content("")
        return
    look = Look(width, zone)
    if row.base is not None:
        yield from _version(Content.styled("before", "$foreground-muted"), base_content(compared, look), width)
    for choice in row.choices:
        label = Content.styled(safe_line(", ".join(choice.labels), 40), "bold $accent")
        when = Content.styled(f" · {wording.moment(choice.at, zone)}", "$foreground-muted")
        yield from _version(label + when, version_content(row, choice, compared, look), width)
    yield Content("")


def _version(label: Content, text: Content, width: int) -> Iterator[Content]:
    yield (Content("    ") + label).truncate(width, ellipsis=True)
    lines = text[: LINE_LIMIT * width].wrap(max(8, width - 7))
    for line in lines[:LINE_LIMIT]:
        yield Content("      ") + line
    if len(lines) > LINE_LIMIT or len(text) > LINE_LIMIT * width:
        yield Content.styled("      …", "$faint")
