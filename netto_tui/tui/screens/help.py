"""The keys of the focused thing, made from its bindings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol, runtime_checkable

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import ModalScreen
from textual.widgets import Static

from netto_tui.tui.panes.base import Reasoned

_NAMES = {
    "RowList": "This list",
    "Listing": "This list",
    "SearchLine": "The search line",
    "Chips": "What is in force",
    "Transcript": "The text",
    "DateTree": "The dates",
    "MainScreen": "Everywhere",
    "NettoApp": "The app",
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


class HelpScreen(ModalScreen[None]):
    """An overlay with the keys that work right now; esc or ? closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", "Close", show=False),
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, bindings: Mapping[str, ActiveBinding]) -> None:
        super().__init__()
        self.groups = groups(bindings)
        nodes = {_owner(active.node): active.node for active in bindings.values()}
        self.letters = {owner: node.legend() for owner, node in nodes.items() if isinstance(node, Lettered)}

    def compose(self) -> ComposeResult:
        """One column of keys."""
        lines = []
        for owner, rows in self.groups.items():
            lines.append(Content.styled(owner, "bold $accent"))
            for keys, text, reason in rows:
                line = Content.styled(f"  {keys:<18}", "bold") + Content(text)
                if reason:
                    line = line.stylize("$faint") + Content.styled(f"  ({reason})", "$text-warning")
                lines.append(line)
            lines.append(Content(""))
            if letters := self.letters.get(owner):
                lines.append(Content.styled(f"{owner}: what the letters say", "bold $accent"))
                lines += [Content.styled(f"  {letter:<18}", "bold") + Content(words) for letter, words in letters]
                lines.append(Content(""))
        lines.append(Content.styled("ctrl+p finds everything by name. The mouse works too.", "$foreground-muted"))
        with VerticalScroll(classes="modal", id="help") as box:
            box.border_title = "Keys"
            box.border_subtitle = "esc closes"
            yield Static(Content("\n").join(lines), markup=False)

    def action_scroll(self, by: int) -> None:
        """Scroll by a line."""
        self.query_one("#help").scroll_relative(y=by, animate=False)
