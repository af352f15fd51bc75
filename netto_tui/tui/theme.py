"""Where the style sheets lie, and our two themes: calm colours, a clear cursor, enough contrast in both.

Every text has a contrast of at least 4.5:1 on each ground it can stand on (tests/tui/test_contrast.py draws
the screens and measures). So the two quiet levels of text, `$foreground-muted` and `$faint`, are colours of
their own: a share of the foreground would sink below that on the line of the cursor.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    error="#e68a8c",
    success="#8fbf7f",
    foreground="#d6dae1",
    background="#14171c",
    surface="#191d23",
    panel="#242a33",
    dark=True,
    variables={
        "foreground-muted": "#adb4bf",
        "faint": "#9aa2ae",
        "footer-background": "#191d23",
        "footer-key-foreground": "#d8a657",
        "footer-description-foreground": "#adb4bf",
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
    secondary="#2a6852",
    accent="#845305",
    warning="#845305",
    error="#a83236",
    success="#336e1e",
    foreground="#23272e",
    background="#f7f7f5",
    surface="#efefec",
    panel="#e2e2de",
    dark=False,
    variables={
        "foreground-muted": "#484e57",
        "faint": "#585f69",
        "footer-background": "#e9e9e5",
        "footer-key-foreground": "#845305",
        "footer-description-foreground": "#484e57",
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


def variables_of(theme: Theme, generated: Mapping[str, str]) -> dict[str, str]:
    """What a theme of somebody else needs to go with our screens, where `generated` is what Textual made of it.

    The colours of a terminal know no shades: there quiet text is as loud as other text, and the line of the
    cursor has its bar and no ground of its own, since nobody knows on which one all of it could be read.
    """
    if not theme.ansi:
        return {"faint": theme.variables.get("faint", generated["foreground-muted"])}
    quiet = ("faint", "foreground-muted", "text-muted", "block-cursor-foreground", "block-cursor-background")
    return {**dict.fromkeys(quiet, "ansi_default"), "block-cursor-text-style": "bold"}
