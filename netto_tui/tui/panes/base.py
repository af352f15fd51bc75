"""What all sections have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from textual.containers import Container
from textual.dom import DOMNode

if TYPE_CHECKING:
    from netto_tui.tui.app import NettoApp
    from netto_tui.tui.messages import SyncTold


@runtime_checkable
class Copyable(Protocol):
    """Something whose current thing can be copied with `y`."""

    def copied_text(self) -> str:
        """The text, already safe for a terminal; "" when there is none."""
        ...


@runtime_checkable
class Reasoned(Protocol):
    """Something that says why an action is not possible now."""

    def why_not(self, action: str) -> str:
        """The reason, or "" when the action is possible."""
        ...


@runtime_checkable
class Rereading(Protocol):
    """A screen over the sections that shows what may change underneath it."""

    def reread(self) -> None:
        """The vault changed."""
        ...


@runtime_checkable
class Welcoming(Protocol):
    """A screen with the first steps of a vault."""

    @property
    def holds_sync(self) -> bool:
        """Whether sync waits until the person comes to it."""
        ...

    def sync_told(self, message: SyncTold) -> None:
        """Something happened in sync."""
        ...


class Elsewhere:
    """A screen over another vault than the app's."""

    @property
    def elsewhere(self) -> NettoApp:
        """The app, with that vault in the place of its own."""
        raise NotImplementedError


def netto_of(node: DOMNode) -> NettoApp:
    """The app that a widget or screen lives in, with its own type; over another vault, what stands for it there."""
    from netto_tui.tui.app import NettoApp

    for each in node.ancestors_with_self:
        if isinstance(each, Elsewhere):
            return each.elsewhere
    assert isinstance(node.app, NettoApp)  # noqa: S101  # a statement for the type checker
    return node.app


class Pane(Container):
    """One section. It reads when it is shown and when the vault changed while it is."""

    FIRST_FOCUS: ClassVar[str] = ""
    """Selector of what gets the focus."""

    stale = True

    @property
    def netto(self) -> NettoApp:
        """The app, with its own type."""
        return netto_of(self)

    def why_not(self, action: str) -> str:
        """Why an action is not possible now; "" when it is."""
        return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dim what is not possible; the screen tells the reason when its key is pressed."""
        return None if self.why_not(action) else True

    def read(self) -> None:
        """Read what is shown from the vault again."""

    def enter(self) -> None:
        """The section comes to the front."""
        if self.stale:
            self.stale = False
            self.read()
        if self.FIRST_FOCUS:
            self.screen.set_focus(self.query_one(self.FIRST_FOCUS))

    def sync_told(self, message: SyncTold) -> None:
        """Something happened in sync; called also while another section is in front."""

    def tick(self) -> None:
        """A second went by: let ages grow."""

    def point_at(self, replica: str) -> None:
        """Put the cursor on a replica, where the section shows them."""

    def leave_state(self) -> bool:
        """Undo one transient state for `esc`; False if there is none."""
        return False
