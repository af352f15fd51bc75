"""The line for a query."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input


class SearchLine(Input):
    """A line of text whose keys lead to the results and back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "submit", "Results", key_display="⏎", id="search.results"),
        Binding("escape", "screen.leave", "Back", id="search.leave"),
    ]
