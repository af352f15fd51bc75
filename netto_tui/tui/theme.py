"""Where the style sheets lie, and our two themes: calm colours, a clear cursor, enough contrast in both."""

from __future__ import annotations

from pathlib import Path

from textual.theme import Theme

_PACKAGE = Path(__file__).resolve().parent.parent
STYLES = next(path for path in (_PACKAGE / "styles", _PACKAGE.parent / "styles") if path.is_dir())
"""In the package of an installed netto-tui; beside it in a checkout."""

DARK = Theme(
    name="netto-dark",
    primary="#7fa7d6",
    secondary="#86bfa8",
    accent="#d8a657",
    warning="#d8a657",
    error="#e0787a",
    success="#8fbf7f",
    foreground="#d6dae1",
    background="#14171c",
    surface="#191d23",
    panel="#242a33",
    dark=True,
    variables={
        "footer-background": "#191d23",
        "footer-key-foreground": "#d8a657",
        "footer-description-foreground": "#9aa3b0",
        "block-cursor-background": "#2c3542",
        "block-cursor-foreground": "#eef1f5",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#20262e",
        "input-selection-background": "#7fa7d6 35%",
        "scrollbar": "#333b47",
        "scrollbar-background": "#14171c",
        "scrollbar-corner-color": "#14171c",
        "border": "#333b47",
        "border-blurred": "#242a33",
    },
)

LIGHT = Theme(
    name="netto-light",
    primary="#2f5f96",
    secondary="#2e7059",
    accent="#96600a",
    warning="#96600a",
    error="#a83236",
    success="#3b7a2a",
    foreground="#23272e",
    background="#f7f7f5",
    surface="#efefec",
    panel="#e2e2de",
    dark=False,
    variables={
        "footer-background": "#e9e9e5",
        "footer-key-foreground": "#96600a",
        "footer-description-foreground": "#5a616c",
        "block-cursor-background": "#d5dfea",
        "block-cursor-foreground": "#14171c",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#e6e8ea",
        "scrollbar": "#c4c6c4",
        "scrollbar-background": "#f7f7f5",
        "scrollbar-corner-color": "#f7f7f5",
        "border": "#c4c6c4",
        "border-blurred": "#d9d9d5",
    },
)
