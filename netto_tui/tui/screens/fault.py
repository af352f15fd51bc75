"""An error that matters: what happened, what to do next, where the log is; it can be copied."""

from __future__ import annotations

from pathlib import PurePath
from typing import ClassVar

from netto_tui.tui.screens.details import DetailsScreen
from netto_tui.tui.theme import STYLES


class FaultScreen(DetailsScreen):
    """One error. happened, remedy: sentences, which may be foreign; log: a path, "" where there is none."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = [STYLES / "details.tcss", STYLES / "fault.tcss"]

    def __init__(self, title: str, happened: str, remedy: str, log: str) -> None:
        super().__init__(title, [("What happened", happened), ("What to do", remedy), ("The log", log)])
