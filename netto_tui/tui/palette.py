"""The command palette: every key that works just now, by what it does, and conversations by their title."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from textual.binding import ActiveBinding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen

from netto_tui.errors import NettoError
from netto_tui.model.query import Query
from netto_tui.plural import many
from netto_tui.security.display import safe_line
from netto_tui.tui import wording
from netto_tui.tui.panes.base import Reasoned, netto_of

if TYPE_CHECKING:
    from netto_tui.vault.rows import ConversationRow
    from netto_tui.vault.vault import Vault

HIT_LIMIT = 50
"""Textual draws each hit as a widget: more of them are slow (facts of the toolkit)."""

TITLED = 2.0
"""Score of the first conversation whose title has the words: above commands that only have their letters."""

_MOVES = ("move", "page", "first", "last", "cursor", "scroll", "down", "up", "message", "select", "command_palette")
"""How the names of actions begin that only move a cursor: nobody looks for those by name."""


@dataclass(frozen=True)
class Command:
    """What a key does now. reason: why it is not possible, "" when it is."""

    name: str
    keys: str
    more: str
    action: str
    node: DOMNode
    reason: str

    @property
    def help(self) -> str:
        """The line below the name."""
        return "  ".join(filter(None, [self.keys, self.reason or (self.more if self.more != self.name else "")]))


def commands(screen: Screen[Any]) -> list[Command]:
    """What the keys of a screen do now, those of the focused part first; made from the bindings that are active."""
    found: dict[tuple[int, str], tuple[ActiveBinding, list[str]]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        name = binding.action.partition("(")[0].rpartition(".")[2]
        if binding.description and not binding.system and not name.startswith(_MOVES):
            _, keys = found.setdefault((id(active.node), binding.action), (active, []))
            keys.append(screen.app.get_key_display(binding))
    return [_command(active, keys) for active, keys in found.values()]


def rank(query: str, command: Command, match: Callable[[str], float]) -> float:
    """How well a command fits, 0 for not at all: above TITLED where it has the query as it is typed, below it else.

    match: the toolkit's score of a text, 0 or more.
    """
    typed = query.casefold()
    has = [share * match(text) for text, share in ((command.name, 1), (command.more, 0.8)) if typed in text.casefold()]
    if has:
        return TITLED + max(has)
    score = max(match(command.name), match(command.more) * 0.8)
    return score / (1 + score)


def _command(active: ActiveBinding, keys: Sequence[str]) -> Command:
    binding = active.binding
    action = binding.action.partition("(")[0].rpartition(".")[2]
    reason = ""
    if not active.enabled:
        reason = active.node.why_not(action) if isinstance(active.node, Reasoned) else "not possible now"
    words = binding.description.removesuffix("…")
    return Command(words, " ".join(dict.fromkeys(keys)), binding.tooltip, binding.action, active.node, reason)


class Actions(Provider):
    """What can be done where one is."""

    @cached_property
    def _commands(self) -> list[Command]:
        """Read once, since they do not change while the palette is open; typing at once would cut a start-up off."""
        return commands(self.screen)

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for each in self._commands[:HIT_LIMIT]:
            yield DiscoveryHit(self._label(each), partial(self._run, each), text=each.name, help=each.help)

    async def search(self, query: str) -> Hits:
        """What matches by its name, or by what is said of it."""
        matcher = self.matcher(query)
        for each in self._commands:
            if (score := rank(query, each, matcher.match)) > 0:
                yield Hit(score, self._label(each), partial(self._run, each), text=each.name, help=each.help)

    def _label(self, command: Command) -> Content:
        return Content.styled(command.name, "$foreground-muted" if command.reason else "")

    async def _run(self, command: Command) -> None:
        if command.reason:
            netto_of(self.screen).notify(command.reason, severity="warning")
        else:
            await self.app.run_action(command.action, command.node)


class Conversations(Provider):
    """Conversations whose title has the words."""

    async def search(self, query: str) -> Hits:
        """The newest conversations with these words in their title, read on a thread."""
        app = netto_of(self.screen)
        vault, words = app.vault, tuple(query.split())
        if vault is None or not words:
            return
        for place, row in enumerate(await asyncio.to_thread(_titled, vault, words)):
            title = safe_line(row.title, 100) or "untitled"
            label = Content.assemble(title, (f"  {wording.moment(row.started, vault.zone)[:10]}", "$foreground-muted"))
            score = TITLED - place / 1000
            command = partial(app.main.open_conversation, row.conversation)
            yield Hit(score, label, command, text=title, help=many(row.messages, "message"))


def _titled(vault: Vault, words: tuple[str, ...]) -> list[ConversationRow]:
    with suppress(NettoError), vault.reader() as reader:  # the vault may just be going away
        return reader.conversations(Query(title=words), 0, HIT_LIMIT)
    return []
