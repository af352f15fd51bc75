"""Opening the screens that lie over the sections, and what follows when they are left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from netto_tui.errors import NettoError, UsageError
from netto_tui.security.display import safe_line

if TYPE_CHECKING:
    from netto_tui.tui.app import NettoApp


def open_setup(app: NettoApp, then: Callable[[str | None], object] = lambda name: None) -> None:
    """Push the steps over the screen; a replica that was added is synced at once. then: called with its name."""
    from netto_tui.tui.screens.setup import SetupScreen

    if app.vault is None:
        app.notify("There is no vault to add a replica to.", severity="warning")
        return

    def closed(name: str | None) -> None:
        then(name)
        if name is None:
            return
        app.notify(f"{safe_line(name)} can be used now.")
        if app.worker is not None:
            app.worker.sync_now([name])

    app.push_screen(SetupScreen(), closed)


def open_resolver(app: NettoApp, conversation: str) -> None:
    """Push the resolver over the screen; it says itself what it wrote."""
    from netto_tui.tui.screens.resolver import ResolverScreen

    reader = app.reader
    row = reader.conversation(conversation) if reader is not None else None
    app.push_screen(ResolverScreen(conversation, row.title if row else ""))


def is_beginning(vault_path: Path) -> bool:
    """Whether there is no vault yet, or the first steps of it are not done."""
    from netto_tui.paths import Layout

    layout = Layout(vault_path)
    return layout.begun.exists() or not (layout.identity.exists() or layout.index.exists())


def open_welcome(app: NettoApp) -> None:
    """Push the first steps over the screen; they end in Browse."""
    from netto_tui.tui.screens.welcome import WelcomeScreen

    def closed(_: None) -> None:
        if app.vault is None:
            app.exit()
        else:
            app.main.vault_changed()
            app.begin_sync()

    app.push_screen(WelcomeScreen(app.vault_path), closed)


def open_import(app: NettoApp) -> None:
    """Push the two steps that bring conversations in from this machine."""
    from netto_tui.tui.screens.welcome import WelcomeScreen

    if app.vault is None:
        app.notify("There is no vault to bring conversations into.", severity="warning")
        return
    app.push_screen(WelcomeScreen(app.vault_path, only_import=True), lambda _: app.main.vault_changed())


def open_themes(app: NettoApp) -> None:
    """Push the themes; one that is taken is kept in the settings."""
    from netto_tui.tui.screens.themes import ThemesScreen

    def closed(name: str | None) -> None:
        if name is None:
            return
        from netto_tui.config import write_theme

        try:
            write_theme(app.vault_path / "config.toml", name)
        except (UsageError, OSError) as error:
            open_fault(app, "The theme could not be kept", error)

    app.push_screen(ThemesScreen(), closed)


def open_fault(app: NettoApp, title: str, error: Exception) -> None:
    """Show an error that matters, with what to do and where the log is; what nobody foresaw is logged first."""
    from netto_tui import log
    from netto_tui.tui import crash
    from netto_tui.tui.screens.fault import FaultScreen

    said: NettoError = crash.in_words(error, app.vault_path)
    path = log.file_of(app.vault_path)
    if any(isinstance(screen, FaultScreen) for screen in app.screen_stack):
        app.notify(said.message, title=title, severity="error")  # one dialog at a time
    elif app.is_running:
        app.push_screen(FaultScreen(title, said.message, said.remedy, str(path) if path.exists() else ""))


def open_help(app: NettoApp) -> None:
    """Push the keys that work on the screen in front."""
    from netto_tui.tui.screens.help import HelpScreen

    app.push_screen(HelpScreen(app.screen.active_bindings, sorted(app.preferences.usable_keys)))
