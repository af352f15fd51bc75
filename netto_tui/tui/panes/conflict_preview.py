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
from netto_tui.model.conversation import body_text
from netto_tui.plural import many
from netto_tui.security.display import safe_display, safe_line
from netto_tui.tui import wording
from netto_tui.tui.concealing import concealed
from netto_tui.tui.conflict_rows import conflict_row
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.resolution import Row
from netto_tui.tui.resolver_lines import VERSION_LIMIT, DrawnLine, version_content
from netto_tui.tui.widgets.resolver_view import ResolverView
from netto_tui.vault.rows import ConflictRow

ITEM_LIMIT = 30
"""Items of one conversation that are read for a look; the resolver has all."""
LINE_LIMIT = 8
"""Lines of one version."""


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
        rows: Sequence[Row]
        error: str = ""

    def __init__(self, *, widget_id: str) -> None:
        super().__init__(widget_id=widget_id)
        self.rows: Sequence[Row] = ()
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
        rows: list[Row] = []
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
                    rows.append(conflict_row(number, item, reader.origins([head.id for head in item.heads])))
        except NettoError as problem:
            error = str(problem)
        self.post_message(self.Read(serial, sorted(rows, key=lambda row: row.number), error))

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
        lines = [DrawnLine(line, 0) for line in drawn(self.rows, width, vault.zone if vault else UTC)]
        if error:
            lines += [DrawnLine(line, 0) for line in Content.styled(safe_display(error), "$text-error").wrap(width)]
        if self._more and self.rows:
            lines.append(DrawnLine(Content.styled(f"  and {many(self._more, 'message')} more", "$faint"), 0))
        self.show(lines, -1)


def drawn(rows: Sequence[Row], width: int, zone: tzinfo) -> Iterator[Content]:
    """The lines of some conflicts in `width` cells."""
    for row in rows:
        where = f"message {row.number}" if row.number else "the header"
        mark = ("x", "bold $text-error") if row.tombstone else ("?", "bold $text-warning")
        yield Content.assemble("  ", mark, f" {where}", (f"  {safe_line(row.role, 12)}", "$foreground-muted")).truncate(
            width, ellipsis=True
        )
        texts = [concealed(choice.text, VERSION_LIMIT) for choice in row.choices if not choice.deleted]
        skip = _alike(texts, width)
        if row.base is not None:
            before = concealed(body_text(row.base), VERSION_LIMIT)
            label, base = (Content.styled(text, "$foreground-muted") for text in ("before", before))
            yield from _version(label, base, skip if skip and before[:skip] == texts[0][:skip] else 0, width)
        for choice in row.choices:
            label = Content.styled(safe_line(", ".join(choice.labels), 40), "bold $accent")
            when = Content.styled(f" · {wording.moment(choice.at, zone)}", "$foreground-muted")
            yield from _version(label + when, version_content(row, choice), 0 if choice.deleted else skip, width)
        yield Content("")


def _alike(texts: Sequence[str], width: int) -> int:
    """How many characters of a long beginning all texts share, in whole lines: what differs has to be in sight."""
    shared = 0
    for lines in zip(*(text.splitlines(keepends=True) for text in texts), strict=False):
        if len(set(lines)) > 1:
            break
        shared += len(lines[0])
    return shared if shared > LINE_LIMIT * width // 3 else 0


def _version(label: Content, text: Content, skip: int, width: int) -> Iterator[Content]:
    yield (Content("    ") + label).truncate(width, ellipsis=True)
    if skip:
        yield Content.styled("      …", "$faint")
        text = text[skip:]
    lines = text[: LINE_LIMIT * width].wrap(max(8, width - 7))
    for line in lines[:LINE_LIMIT]:
        yield Content("      ") + line
    if len(lines) > LINE_LIMIT or len(text) > LINE_LIMIT * width:
        yield Content.styled("      …", "$faint")
