"""Changing conversations from Browse: title, tags, pin, archive, delete; and taking each of these back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from netto_tui.errors import NettoError, UsageError
from netto_tui.plural import many, number
from netto_tui.security.display import safe_line
from netto_tui.tui.panes.base import Pane
from netto_tui.tui.panes.entries import Entry

if TYPE_CHECKING:
    from netto_tui.recovery.curation import Done
    from netto_tui.vault.curating import Change
    from netto_tui.vault.rows import ConversationRow, MessageRow
    from netto_tui.vault.vault import Vault

_KEPT = 50
"""Changes of this run that `u` can take back one after the other; the undo points themselves are kept 30 days."""


_CHANGES = ("entitle", "tags", "pin", "archive", "delete", "undo")


class CuratingPane(Pane):
    """A section whose conversations can be changed. Which ones that are, a subclass says.

    Everything is written on a thread, after an undo point, and is a new revision; taking it back is another one.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "entitle", "Rename", show=False, id="browse.title", tooltip="Give it another title"),
        Binding("T", "tags", "Tags", show=False, id="browse.tags", tooltip="Give tags, or take some away"),
        Binding("p", "pin", "Pin", show=False, id="browse.pin", tooltip="Pin, or no longer"),
        Binding("a", "archive", "Archive", show=False, id="browse.archive", tooltip="Archive, or take out again"),
        Binding("D,delete", "delete", "Delete", show=False, id="browse.delete", tooltip="Delete; asks first"),
        Binding("u", "undo", "Undo", id="browse.undo", tooltip="Take back the last change"),
    ]

    @dataclass
    class Changed(Message):
        """Conversations were changed; words say how."""

        done: Done
        words: str

    @dataclass
    class TakenBack(Message):
        """A change was taken back; point: its undo point. items: how many say again what they said."""

        point: str
        words: str
        items: int

    @dataclass
    class Failed(Message):
        """A change was not made."""

        error: NettoError

    def __init__(self, *, id: str) -> None:  # as Textual names it
        super().__init__(id=id)
        self._points: list[tuple[str, str]] = []

    # What a subclass knows

    @property
    def targets(self) -> Sequence[Entry]:
        """The conversations that a change is about."""
        raise NotImplementedError

    @property
    def message(self) -> tuple[str, MessageRow] | None:
        """The one message that a deletion is about, with its conversation; None for whole conversations."""
        raise NotImplementedError

    def changed(self) -> None:
        """Something was written: marks have done their work."""

    # Keys

    def why_not(self, action: str) -> str:
        """Why nothing can be changed now."""
        if action in _CHANGES and self.netto is not self.app:
            return "This is how it was: it is only read here."
        if action == "undo":
            return "" if self._points else "Nothing was changed since the app began. Recovery has older undo points."
        if action in _CHANGES:
            if not self.targets:
                return "There is no conversation here."
            if action == "entitle" and len(self.targets) > 1:
                return f"{many(len(self.targets), 'conversation')} are marked; a title is for one. esc unmarks."
        return super().why_not(action)

    def _rows(self) -> list[ConversationRow]:
        reader = self.netto.reader
        return reader.named([entry.conversation for entry in self.targets]) if reader is not None else []

    def action_entitle(self) -> None:
        """Ask for another title."""
        from netto_tui.tui.screens.ask import AskScreen
        from netto_tui.vault.curating import Change

        rows = self._rows()
        if len(rows) != 1:
            return  # it was deleted elsewhere just now
        row, shown = rows[0], safe_line(rows[0].title)

        def answered(title: str | None) -> None:
            if title is not None and title.strip() != shown.strip():
                self._change([row.conversation], Change(title=title), "title", "Renamed")

        self.app.push_screen(AskScreen("Title", "how the conversation is called", shown), answered)

    def action_tags(self) -> None:
        """Ask for tags: of one conversation all that it has, of several those to add."""
        from netto_tui.tui.screens.ask import AskScreen

        rows = self._rows()
        has = tuple(rows[0].tags) if len(rows) == 1 else ()
        hint = "travel work" if len(rows) == 1 else "travel work -home: adds two, takes one away"
        question = "Tags" if len(rows) == 1 else f"Tags for {many(len(rows), 'conversation')}"

        def answered(text: str | None) -> None:
            if text is None:
                return
            try:
                wanted = _retagged(text, has, whole=len(rows) == 1)
            except UsageError as error:
                self.netto.notify(str(error), severity="warning")
                return
            self._change([row.conversation for row in rows], wanted, "tags", "Tagged")

        self.app.push_screen(AskScreen(question, hint, " ".join(has)), answered)

    def action_pin(self) -> None:
        """Pin what is not, or unpin when all are."""
        from netto_tui.vault.curating import Change

        rows = self._rows()
        pin = not all("pinned" in row.state for row in rows)
        self._change([row.conversation for row in rows], Change(pinned=pin), "pin", "Pinned" if pin else "Unpinned")

    def action_archive(self) -> None:
        """Archive what is not, or take out when all are."""
        from netto_tui.vault.curating import Change

        rows = self._rows()
        archive = not all("archived" in row.state for row in rows)
        words = "Archived" if archive else "Taken out of the archive:"
        self._change([row.conversation for row in rows], Change(archived=archive), "archive", words)

    def action_delete(self) -> None:
        """Delete the message under the cursor, or conversations, after a look at how much that is."""
        from netto_tui.tui.screens.confirm import ConfirmScreen

        rows, message = self._rows(), self.message
        if not rows or (message is None and any(entry.hit is not None for entry in self.targets)):
            self.netto.notify("It is deleted already.")
            return
        if message is not None:
            question, text, yes = "Delete one message?", Content(_beginning(message[1])), "Delete the message"
        else:
            count, messages = len(rows), sum(row.messages for row in rows)
            names = [f"  {safe_line(row.title, 70) or 'untitled'}  ({number(row.messages)})" for row in rows[:8]]
            more = [f"  and {number(count - 8)} more"] if count > 8 else []
            question = f"Delete {many(count, 'conversation')}?"
            text = Content("\n".join([f"{many(messages, 'message')} in all:", *names, *more]))
            yes = f"Delete {number(count)}" if count > 1 else "Delete it"
        text += Content.styled(
            "\n\nIt leaves the lists here and on every replica. Its history stays, and u brings it back.",
            "$foreground-muted",
        )

        def answered(sure: bool | None) -> None:
            if sure:
                self._delete([row.conversation for row in rows], message)

        self.app.push_screen(ConfirmScreen(question, text, yes), answered)

    def action_undo(self) -> None:
        """Take back the last change of this run that was not taken back yet."""
        self._take_back(*self._points[-1])

    # Writing

    def _change(self, names: Sequence[str], wanted: Change, what: str, words: str) -> None:
        from netto_tui.recovery import curation

        self._write(lambda vault: curation.change(vault, names, wanted, what), words)

    def _delete(self, names: Sequence[str], message: tuple[str, MessageRow] | None) -> None:
        from netto_tui.recovery import curation

        if message is not None:
            self._write(lambda vault: curation.delete_item(vault, message[0], message[1].item), "Deleted a message in")
        else:
            self._write(lambda vault: curation.delete(vault, names), "Deleted")

    @work(thread=True, exit_on_error=False, group="curate", description="Change conversations")
    def _write(self, do: Callable[[Vault], Done], words: str) -> None:
        vault = self.netto.vault
        if vault is None:
            return
        try:
            self.post_message(self.Changed(do(vault), words))
        except NettoError as error:
            self.post_message(self.Failed(error))
        except OSError as error:
            self.post_message(self.Failed(NettoError(f"Nothing was changed: {error}.", remedy="Check free space.")))

    @work(thread=True, exit_on_error=False, group="curate", description="Take back a change")
    def _take_back(self, point: str, words: str) -> None:
        from netto_tui.recovery import curation

        vault = self.netto.vault
        if vault is None:
            return
        try:
            self.post_message(self.TakenBack(point, words, curation.take_back(vault, point)))
        except NettoError as error:
            self.post_message(self.Failed(error))

    @on(Changed)
    def _was_changed(self, message: Changed) -> None:
        message.stop()
        if not message.done.records:
            self.netto.notify("It is so already; nothing was written.")
            return
        words = f"{message.words} {many(message.done.conversations, 'conversation')}"
        self._points = [*self._points, (message.done.undo, words)][-_KEPT:]
        self.changed()
        self.netto.notify(f"{words}. u takes it back.")
        self._follow()

    @on(TakenBack)
    def _was_taken_back(self, message: TakenBack) -> None:
        message.stop()
        self._points = [each for each in self._points if each[0] != message.point]
        if message.items:
            self.netto.notify(f"Taken back: {message.words[:1].lower()}{message.words[1:]}.")
        else:
            self.netto.notify("That is as it was already.")
        self._follow()

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        message.stop()
        self.netto.notify(str(message.error), severity="error", timeout=15)

    def _follow(self) -> None:
        self.netto.main.vault_changed()
        self.refresh_bindings()


def _retagged(text: str, has: Sequence[str], *, whole: bool) -> Change:
    """What a line of tags asks for. whole: it names all that there shall be; else `-` takes one away."""
    from netto_tui.model.tags import read_tags
    from netto_tui.vault.curating import Change

    words = text.replace(",", " ").split()
    add = read_tags(" ".join(word for word in words if whole or not word.startswith("-")))
    if whole:
        return Change(add_tags=add, drop_tags=tuple(tag for tag in has if tag not in add))
    return Change(add_tags=add, drop_tags=read_tags(" ".join(word[1:] for word in words if word.startswith("-"))))


def _beginning(message: MessageRow) -> str:
    from netto_tui.tui.concealing import concealed

    return f"{message.role or 'document'}: {safe_line(concealed(message.text, 300), 300)}"
