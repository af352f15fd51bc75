"""The command palette: what can be done, and conversations by title, at most fifty of them from the index."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from netto_tui.model.query import Query
from netto_tui.plural import many
from netto_tui.security.display import safe_line
from netto_tui.tui import wording
from netto_tui.tui.panes.base import netto_of
from netto_tui.tui.widgets.header import SECTIONS

if TYPE_CHECKING:
    from netto_tui.tui.app import NettoApp

HIT_LIMIT = 50
"""Textual draws each hit as a widget: more of them are slow (facts of the toolkit)."""


def _app(provider: Provider) -> NettoApp:
    return netto_of(provider.screen)


class Actions(Provider):
    """Sections and the few things that have no place on a screen."""

    def _all(self) -> list[tuple[str, str, Callable[[], object]]]:
        app = _app(self)
        main = app.main
        found: list[tuple[str, str, Callable[[], object]]] = [
            (f"Go to {title}", f"Section {number}", partial(main.action_open_section, name))
            for number, (name, title) in enumerate(SECTIONS.items(), 1)
        ]
        return [
            *found,
            ("Search", "Find words in all conversations", partial(main.action_search)),
            ("Sync now", "With every replica", partial(main.action_sync_now)),
            ("Add a replica…", "GitHub, Firebase, a folder, Git", partial(main.action_add_replica)),
            ("Keys", "What the focused thing understands", partial(main.action_help)),
        ]

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for name, help_text, command in self._all():
            yield DiscoveryHit(Content(name), command, text=name, help=help_text)

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for name, help_text, command in self._all():
            if (score := matcher.match(name)) > 0:
                yield Hit(score, Content(name), command, text=name, help=help_text)


class Conversations(Provider):
    """Conversations whose title has the words."""

    async def search(self, query: str) -> Hits:
        """The newest conversations with these words in their title."""
        app = _app(self)
        reader, vault = app.reader, app.vault
        words = tuple(query.split())
        if reader is None or vault is None or not words:
            return
        rows = reader.conversations(Query(title=words, text=query), 0, HIT_LIMIT)
        for place, row in enumerate(rows):
            title = safe_line(row.title, 100) or "untitled"
            label = Content.assemble(title, (f"  {wording.moment(row.started, vault.zone)[:10]}", "$foreground-muted"))
            score = 0.5 - place / 1000
            command = partial(app.main.open_conversation, row.conversation)
            yield Hit(score, label, command, text=title, help=many(row.messages, "message"))
