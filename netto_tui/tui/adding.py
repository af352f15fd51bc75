"""Adding a replica from the app, and what follows when it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netto_tui.security.display import safe_line
from netto_tui.tui.screens.setup import SetupScreen

if TYPE_CHECKING:
    from netto_tui.tui.app import NettoApp


def open_setup(app: NettoApp) -> None:
    """Push the steps over the screen; a replica that was added is synced at once."""
    if app.vault is None:
        app.notify("There is no vault to add a replica to.", severity="warning")
        return

    def closed(name: str | None) -> None:
        if name is None:
            return
        app.notify(f"{safe_line(name)} can be used now.")
        if app.worker is not None:
            app.worker.sync_now([name])

    app.push_screen(SetupScreen(), closed)
