"""The keys of the focused thing, made from its bindings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain
from typing import ClassVar, Protocol, runtime_checkable

from textual import on
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.geometry import Size
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from netto_tui.tui import wording
from netto_tui.tui.panes.base import Reasoned
from netto_tui.tui.theme import STYLES

_NAMES = {
    "RowList": "This list",
    "Listing": "This list",
    "SearchLine": "The search line",
    "Chips": "What is in force",
    "Transcript": "The text",
    "DateTree": "The dates",
    "MainScreen": "Everywhere",
    "NettoApp": "The app",
    "SpotList": "This list",
    "WelcomeScreen": "The first steps",
    "ResolverView": "The versions",
}
_KEYS = {
    "question_mark": "?",
    "slash": "/",
    "escape": "esc",
    "space": "space",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "equals_sign": "=",
    "comma": ",",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}

_KEY_CELLS = 20
"""Cells of the column of keys."""

_UNUSED = ("scroll_", "page_left", "page_right")
"""Actions that every scrolling widget has and ours do not need."""


def groups(bindings: Mapping[str, ActiveBinding]) -> dict[str, list[tuple[str, str, str]]]:
    """For each part of the screen: (keys, what they do, why not now), the focused part first."""
    found: dict[str, dict[str, tuple[list[str], str, str]]] = defaultdict(dict)
    for key, active in bindings.items():
        binding = active.binding
        if not binding.description or binding.system or binding.action.startswith(_UNUSED):
            continue
        owner = _owner(active.node)
        action = binding.action.partition("(")[0].rpartition(".")[2]
        reason = ""
        if not active.enabled and isinstance(active.node, Reasoned):
            reason = active.node.why_not(action)
        text = binding.tooltip or binding.description
        same = f"{action} {text}"  # so that ten keys for ten numbers are one line
        keys, _, _ = found[owner].setdefault(same, ([], "", ""))
        keys.append(_KEYS.get(key, key))
        found[owner][same] = (keys, text, reason)
    return {
        owner: [(" ".join(sorted(keys, key=len)), text, reason) for keys, text, reason in rows.values()]
        for owner, rows in found.items()
    }


def _owner(node: DOMNode) -> str:
    """What a part of the screen is called."""
    kind = type(node).__name__
    return _NAMES.get(kind, kind.removesuffix("Pane").removesuffix("Screen"))


@runtime_checkable
class Lettered(Protocol):
    """A part of the screen that says things by letters."""

    def legend(self) -> Sequence[tuple[str, str]]:
        """Each letter with what it says."""
        ...


def of_states() -> list[tuple[str, str]]:
    """What the letters of states mean, each once: with colours or without, they say the same."""
    found: dict[str, list[str]] = {}
    for letter, word, _ in wording.STATES.values():
        found.setdefault(letter, []).append(word)
    return [(letter, ", ".join(dict.fromkeys(words))) for letter, words in found.items()]


class KeyLines(Widget):
    """The lines that `listed` makes of the text that they have to have and of the width there is."""

    wanted: reactive[str] = reactive("", layout=True)

    def __init__(self, listed: Callable[[str, int], list[Content]], *, id: str) -> None:
        super().__init__(id=id)
        self._listed = listed

    def render(self) -> Content:
        """Draw all of them; what is around it scrolls."""
        return Content("\n").join(self._listed(self.wanted, self.size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as there are."""
        return len(self._listed(self.wanted, width))


class HelpScreen(ModalScreen[None]):
    """An overlay with the keys that work right now; esc or ? closes it. own: the keys that a person gave."""

    AUTO_FOCUS = ""
    CSS_PATH = STYLES / "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close", show=False, id="help.leave"),
        Binding("question_mark,q", "dismiss", "Close", show=False, id="help.close"),
        Binding("slash", "find", "Search", show=False, id="help.find"),
        Binding("j,down", "scroll(1)", "Down", show=False, id="help.down"),
        Binding("k,up", "scroll(-1)", "Up", show=False, id="help.up"),
        Binding("ctrl+d,pagedown", "scroll(10)", "Page down", show=False, id="help.page-down"),
        Binding("ctrl+u,pageup", "scroll(-10)", "Page up", show=False, id="help.page-up"),
    ]

    def __init__(self, bindings: Mapping[str, ActiveBinding], own: Collection[str] = ()) -> None:
        super().__init__()
        self.groups = groups(bindings)
        nodes = {_owner(active.node): active.node for active in bindings.values()}
        self.letters = {owner: node.legend() for owner, node in nodes.items() if isinstance(node, Lettered)}
        self.letters["Replicas and checks"] = of_states()
        self.own = own

    def compose(self) -> ComposeResult:
        """A line to search with, and one column of keys."""
        with Vertical(classes="modal") as box:
            box.border_title = "Keys"
            box.border_subtitle = "/ searches · esc closes"
            yield Input(placeholder="a key or a word", id="help-find", compact=True)
            with VerticalScroll(id="help", can_focus=False):
                yield KeyLines(self.listed, id="help-keys")

    def on_mount(self) -> None:
        """The line comes when it is asked for."""
        self.query_one("#help-find").display = False

    def listed(self, wanted: str, width: int) -> list[Content]:
        """Lines of `width` cells: the keys that have a text in them, then what the letters on the screen say."""
        lines: list[Content] = []
        for owner, rows in self.groups.items():
            lines += _titled(owner, [_key_lines(*row, width) for row in rows if _has(wanted, *row[:2], owner)])
        for owner, letters in self.letters.items():
            title = f"{owner}: what the letters say"
            lines += _titled(title, [_key_lines(*row, "", width) for row in letters if _has(wanted, *row, title)])
        if not lines:
            return Content("No key and no letter has that. esc shows all of them.").wrap(width)
        if not wanted:
            own = f"Keys of your own: {', '.join(self.own)}." if self.own else "Other keys: [keys] in config.toml."
            more = f"ctrl+p finds everything by name. The mouse works too.\n{own} netto-tui bindings lists all."
            lines += Content.styled(more, "$foreground-muted").wrap(width)
        return lines

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        self.query_one(KeyLines).wanted = event.value.strip().casefold()
        self.query_one("#help").scroll_home(animate=False)

    @on(Input.Submitted)
    def _found(self) -> None:
        self.set_focus(None)

    def action_find(self) -> None:
        """Search in the keys."""
        line = self.query_one("#help-find", Input)
        line.display = True
        line.focus()

    def action_leave(self) -> None:
        """Leave the search, then the screen."""
        line = self.query_one("#help-find", Input)
        if line.display:
            line.value = ""
            line.display = False
            self.set_focus(None)
        else:
            self.dismiss()

    def action_scroll(self, by: int) -> None:
        """Scroll by some lines."""
        self.query_one("#help").scroll_relative(y=by, animate=False)


def _key_lines(keys: str, text: str, reason: str, width: int) -> list[Content]:
    """What some keys do, beside them; reason: why not now."""
    said = Content(text)
    if reason:
        said = said.stylize("$faint") + Content.styled(f"  ({reason})", "$text-warning")
    cells = max(_KEY_CELLS, len(keys) + 3)
    first, *others = said.wrap(max(8, width - cells))
    return [Content.styled(f"  {keys}".ljust(cells), "bold") + first, *(Content(" " * cells) + line for line in others)]


def _has(wanted: str, *texts: str) -> bool:
    return wanted in " ".join(texts).casefold()


def _titled(title: str, entries: list[list[Content]]) -> list[Content]:
    """Entries under a title; nothing where there are none."""
    return [Content.styled(title, "bold $accent"), *chain(*entries), Content("")] if entries else []
