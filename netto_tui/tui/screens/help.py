"""The keys of the focused thing, made from its bindings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar, Protocol, runtime_checkable

from textual import on
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import ModalScreen
from textual.widgets import Input, Static

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
                yield Static(self.listed(""), id="help-keys", markup=False)

    def on_mount(self) -> None:
        """The line comes when it is asked for."""
        self.query_one("#help-find").display = False

    def listed(self, wanted: str) -> Content:
        """The keys that have a text in them, then what the letters on the screen say."""
        lines: list[Content] = []
        for owner, rows in self.groups.items():
            lines += _titled(owner, [_key_line(*row) for row in rows if _has(wanted, *row[:2], owner)])
        for owner, letters in self.letters.items():
            title = f"{owner}: what the letters say"
            lines += _titled(title, [_key_line(*row, "") for row in letters if _has(wanted, *row, title)])
        if not lines:
            lines.append(Content("No key and no letter has that. esc shows all of them."))
        elif not wanted:
            lines.append(Content.styled("ctrl+p finds everything by name. The mouse works too.", "$foreground-muted"))
            own = f"Keys of your own: {', '.join(self.own)}." if self.own else "Other keys: [keys] in config.toml."
            lines.append(Content.styled(f"{own} netto-tui bindings lists all.", "$foreground-muted"))
        return Content("\n").join(lines)

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        self.query_one("#help-keys", Static).update(self.listed(event.value.strip().casefold()))
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


def _key_line(keys: str, text: str, reason: str) -> Content:
    line = Content.styled(f"  {keys:<18}", "bold") + Content(text)
    return line.stylize("$faint") + Content.styled(f"  ({reason})", "$text-warning") if reason else line


def _has(wanted: str, *texts: str) -> bool:
    return wanted in " ".join(texts).casefold()


def _titled(title: str, lines: list[Content]) -> list[Content]:
    """Lines under a title; nothing where there are none."""
    return [Content.styled(title, "bold $accent"), *lines, Content("")] if lines else []
