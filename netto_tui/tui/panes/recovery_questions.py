"""What the Recovery section asks a person before it begins something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from netto_tui.errors import UsageError
from netto_tui.plural import many
from netto_tui.security.display import safe_line
from netto_tui.tui import recovering
from netto_tui.tui.panes.recovery_words import preview_lines
from netto_tui.tui.recovering import Wanted
from netto_tui.tui.screens.ask import AskScreen
from netto_tui.tui.screens.choose import ChooseScreen, Way
from netto_tui.tui.screens.confirm import ConfirmScreen

if TYPE_CHECKING:
    from netto_tui.recovery.preview import Preview
    from netto_tui.tui.app import NettoApp

WORD = "RESTORE"
"""What a person types before a whole vault is restored."""

STEPS = (
    "\n\nFirst it is put together beside the vault, read back and compared. Only then it is brought in, with a way"
    " back kept for 30 days. Until then esc stops it, and all is as it was. What is only on this device stays."
)


async def ask_what_to_verify(app: NettoApp, source: str) -> tuple[tuple[str, ...], bool] | None:
    """The names of replicas, () for all, and whether deep; None when it was left. Call in a worker."""
    name, quick, deep = safe_line(source, 20), "every record, and compare", "also blobs, index and history"
    ways = [
        Way("v", name, quick),
        Way("d", f"{name}, deep", deep),
        Way("a", "all replicas", quick),
        Way("A", "all replicas, deep", deep),
    ]
    key = await app.push_screen_wait(ChooseScreen("Verify what?", ways))
    return (() if key in "aA" else (source,), key in "dA") if key else None


async def ask_to_restore(app: NettoApp, wanted: Wanted, preview: Preview) -> bool:
    """Whether to go on; for all of a replica a word has to be typed. Call in a worker."""
    what = many(len(wanted.only), "conversation") if wanted.only else "everything"
    return await app.push_screen_wait(
        ConfirmScreen(
            f"Restore {what} from {safe_line(wanted.source, 30)}?",
            preview_lines(preview, len(wanted.only)) + Content(STEPS),
            "Restore",
            word="" if wanted.only else WORD,
        )
    )


async def ask_for_date(app: NettoApp) -> tuple[int | None] | None:
    """The end of a day in milliseconds since 1970, None in it for now; None when it was left. Call in a worker."""
    vault = app.vault
    answer = await app.push_screen_wait(
        AskScreen("As of the end of which day?", "2026-11-20, yesterday, last week; empty is now")
    )
    if answer is None or vault is None:
        return None
    try:
        return (recovering.as_of_ms(vault, answer.strip()),)
    except UsageError as error:
        app.notify(str(error), severity="warning")
        return None
