"""Writing conversations as files: which, in what form, and where; what is there is replaced only when asked."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Input, RadioButton, RadioSet, Static

from netto_tui import filing
from netto_tui.errors import NettoError, UsageError
from netto_tui.model.query import Query
from netto_tui.plural import many, number
from netto_tui.security.display import safe_line
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.theme import STYLES
from netto_tui.vault.reader import Reader
from netto_tui.vault.rows import ConversationRow

FORMS: Sequence[tuple[filing.Form, str]] = (
    ("md", "Markdown, to read and to edit"),
    ("html", "HTML, to open in a browser"),
    ("json", "JSON, for programs"),
    ("native", "Records, as the vault has them"),
)


@dataclass(frozen=True)
class Wish:
    """What a person asked for. everything: all that the query finds, not only what was chosen."""

    everything: bool
    form: filing.Form
    target: str
    revealed: bool
    replace: bool


class _Choice(RadioButton):
    """One of several; which one is chosen shows without colour too."""

    BUTTON_INNER = " "

    def watch_value(self) -> None:
        self.BUTTON_INNER = "●" if self.value else " "
        super().watch_value()


class _Tick(Checkbox):
    """Yes or no, which shows without colour too."""

    BUTTON_INNER = " "

    def watch_value(self) -> None:
        self.BUTTON_INNER = "X" if self.value else " "
        super().watch_value()


class ExportScreen(ModalScreen[None]):
    """A form, then progress; esc leaves the form, or stops after the file that is being written."""

    CSS_PATH = STYLES / "export.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="export.leave"),
        Binding("ctrl+s", "write", "Write", id="export.write"),
    ]

    @dataclass
    class Moved(Message):
        """So many files are written."""

        done: int
        total: int

        def can_replace(self, message: Message) -> bool:
            """The latest is enough."""
            return isinstance(message, type(self))

    @dataclass
    class InTheWay(Message):
        """Files are there already; nothing was written."""

        files: Sequence[Path]

    @dataclass
    class Ended(Message):
        """It is over; error: why not all of it was written, None for no reason."""

        written: int
        where: Path
        error: NettoError | None = None

    def __init__(self, names: Sequence[str], query: Query, *, is_marked: bool) -> None:
        """names: the conversations that were chosen; query: what the list shows."""
        super().__init__()
        self.names = names
        self.query_shown = query
        self.is_marked = is_marked
        self._stopped = threading.Event()
        self._runs = False
        self._replace = False

    def compose(self) -> ComposeResult:
        """Which, form, secrets, place, and the buttons."""
        with Vertical(classes="modal") as box:
            box.border_title = "Export"
            box.border_subtitle = "tab next · space chooses · ctrl+s writes · esc leaves"
            with RadioSet(id="export-which", compact=True):
                yield _Choice(self._chosen_words(), value=True, compact=True)
                yield _Choice(self._all_words(), compact=True)
            with RadioSet(id="export-form", compact=True):
                for number_of, (_, words) in enumerate(FORMS):
                    yield _Choice(words, value=number_of == 0, compact=True)
            yield _Tick("Write secrets as they are (else they are named)", id="export-secrets", compact=True)
            where = "Into this folder, a file for each; or one file, by its name:"
            yield Static(where, classes="export-label", markup=False)
            yield Input(default_folder(), id="export-path", compact=True)
            yield Static("", id="export-told", markup=False)
            yield Button("Write", id="export-write", variant="primary", compact=True)

    def _chosen_words(self) -> Content:
        count = len(self.names)
        if self.is_marked:
            return Content("The marked conversation" if count == 1 else f"The {number(count)} marked conversations")
        netto = netto_of(self)
        row = netto.reader.conversation(self.names[0]) if netto.reader is not None and self.names else None
        return Content(f"This one: {safe_line(row.title, 50) or 'untitled'}" if row else "None is chosen")

    def _all_words(self) -> Content:
        text = safe_line(self.query_shown.text.strip(), 40)
        return Content(f"All that match: {text}" if text else "All conversations of the vault")

    def on_mount(self) -> None:
        """Begin where one decides."""
        self.query_one("#export-which").focus()

    # Asking

    def action_leave(self) -> None:
        """Stop what runs, or leave."""
        if self._runs:
            self._stopped.set()
            self._tell("Stopping after this file…")
        else:
            self.dismiss()

    @on(Input.Submitted)
    @on(Button.Pressed)
    def action_write(self) -> None:
        """Begin to write what the form says."""
        if self._runs:
            return
        form = FORMS[max(0, self.query_one("#export-form", RadioSet).pressed_index)][0]
        wish = Wish(
            self.query_one("#export-which", RadioSet).pressed_index == 1,
            form,
            self.query_one("#export-path", Input).value.strip(),
            self.query_one("#export-secrets", Checkbox).value,
            self._replace,
        )
        if not wish.target:
            self._tell("Name a folder or a file first.", "$text-warning")
            return
        self._runs, self._replace = True, False
        self._stopped.clear()
        self._tell("Looking at what is there…")
        self._write(wish)

    @on(Input.Changed)
    @on(RadioSet.Changed)
    @on(Checkbox.Changed)
    def _changed(self) -> None:
        """Whatever was agreed to was about something else."""
        if self._replace:
            self._replace = False
            self._tell("")

    # Writing

    @work(thread=True, exit_on_error=False, group="export", description="Write conversations as files")
    def _write(self, wish: Wish) -> None:
        target = Path(wish.target).expanduser()
        written = 0
        try:
            vault = netto_of(self).vault
            if vault is None:
                raise UsageError("The vault is not open.", remedy="Wait until it is, then try again.")
            with vault.reader() as reader:
                rows = self._rows(reader, everything=wish.everything)
                folder = len(rows) > 1 or wish.target.endswith("/") or not target.suffix
                export = filing.plan(vault, rows, target, wish.form, revealed=wish.revealed, folder=folder)
                if export.taken and not wish.replace:
                    self.post_message(self.InTheWay(export.taken))
                    return
                for _ in filing.write(vault, reader, export):
                    written += 1
                    self.post_message(self.Moved(written, len(rows)))
                    if self._stopped.is_set():
                        raise UsageError(f"Stopped after {many(written, 'file')} of {number(len(rows))}.")
            self.post_message(self.Ended(written, target))
        except NettoError as error:
            self.post_message(self.Ended(written, target, error))
        except OSError as error:
            said = NettoError(f"{error.strerror or error}: {target}", remedy="Choose another place, or make room.")
            self.post_message(self.Ended(written, target, said))

    def _rows(self, reader: Reader, *, everything: bool) -> list[ConversationRow]:
        """What is to be written, from the index."""
        if not everything:
            found = (reader.conversation(name) for name in self.names)
            return [row for row in found if row is not None]
        rows: list[ConversationRow] = []
        while page := reader.conversations(self.query_shown, len(rows), filing.PAGE):
            rows += page
        return rows

    @on(Moved)
    def _moved(self, message: Moved) -> None:
        self._tell(f"{number(message.done)} of {many(message.total, 'file')} written. esc stops.")

    @on(InTheWay)
    def _in_the_way(self, message: InTheWay) -> None:
        self._runs, self._replace = False, True
        first = safe_line(message.files[0].name, 60)
        more = f" and {many(len(message.files) - 1, 'more file')}" if len(message.files) > 1 else ""
        self._tell(f"{first}{more} would be replaced. Write again to replace, or change the place.", "$text-warning")

    @on(Ended)
    def _ended(self, message: Ended) -> None:
        self._runs = False
        if message.error is not None:
            self._tell(str(message.error), "$text-error")
            return
        self.app.notify(f"Wrote {many(message.written, 'file')} to {message.where}")
        self.dismiss()

    def _tell(self, words: str, style: str = "$foreground-muted") -> None:
        self.query_one("#export-told", Static).update(Content.styled(safe_line(words, 400), style))


def default_folder() -> str:
    """Where files go unless a person says otherwise: `netto-export` in the folder of documents, else at home."""
    return "~/Documents/netto-export" if (Path.home() / "Documents").is_dir() else "~/netto-export"
