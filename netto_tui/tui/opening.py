"""Opening the screens that a whole task is done in, and what follows when it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netto_tui.plural import many
from netto_tui.security.display import safe_line

if TYPE_CHECKING:
    from netto_tui.tui.app import NettoApp


def open_setup(app: NettoApp) -> None:
    """Push the steps over the screen; a replica that was added is synced at once."""
    from netto_tui.tui.screens.setup import SetupScreen

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


def open_resolver(app: NettoApp, conversation: str) -> None:
    """Push the resolver over the screen; when something was written, sync."""
    from netto_tui.tui.screens.resolver import ResolverScreen

    reader = app.reader
    row = reader.conversation(conversation) if reader is not None else None

    def closed(revisions: int | None) -> None:
        if revisions:
            app.notify(f"{many(revisions, 'conflict')} resolved. Every version stays in the history.")
            app.main.vault_changed()
            if app.worker is not None:
                app.worker.sync_now()

    app.push_screen(ResolverScreen(conversation, row.title if row else ""), closed)
