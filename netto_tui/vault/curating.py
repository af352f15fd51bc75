"""What a person makes of a conversation as a whole: its title, its tags, whether it is pinned or archived."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from netto_tui.errors import UsageError
from netto_tui.model.ids import CONVERSATION
from netto_tui.model.merge import resolve
from netto_tui.model.revision import ABOUT, About, Record, mint
from netto_tui.model.tags import tag_names
from netto_tui.vault.vault import Vault

Flag = Literal["pinned", "archived"]


@dataclass(frozen=True)
class Change:
    """What is to be different; None and empty leave things as they are."""

    title: str | None = None
    add_tags: tuple[str, ...] = ()
    drop_tags: tuple[str, ...] = ()
    pinned: bool | None = None
    archived: bool | None = None

    def of(self, about: About) -> About:
        """A header with the change made."""
        tags = sorted({*tag_names(about.context.get("tags")), *self.add_tags} - {*self.drop_tags})
        context = about.context
        if tuple(tags) != tag_names(context.get("tags")):
            context = _with(context, "tags", tags)
        state = about.state
        for name, wanted in (("pinned", self.pinned), ("archived", self.archived)):
            if wanted is not None and wanted != bool(state.get(name)):
                state = _with(state, name, wanted)
        title = about.title if self.title is None else " ".join(self.title.split())
        return msgspec.structs.replace(about, title=title, context=context, state=state)


def _with(fields: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The same fields with one that is there only where it says something."""
    kept = {key: each for key, each in fields.items() if key != name}
    return {**kept, name: value} if value else kept


def ensure_headers(vault: Vault, conversations: Iterable[str]) -> None:
    """Give an empty header to conversations that came without one, so that there is something to go back to.

    Raises UsageError for a conversation that is not here.
    """
    bare = []
    for name in conversations:
        if not vault.known(name, [ABOUT]):
            with vault.reader() as reader:
                if not CONVERSATION.fullmatch(name) or reader.conversation(name) is None:
                    raise UsageError(f"There is no conversation {name}.", remedy="See: netto-tui list.")
            bare.append(mint(name, ABOUT, About(), vault.clock.stamp()))
    vault.add(bare)


def curate(
    vault: Vault, conversations: Collection[str], change: Change, told: Callable[[int], object] = lambda done: None
) -> list[Record]:
    """Change the headers of some conversations, a new revision each; those that are so already stay as they are.

    told: called with how many were looked at. Raises UsageError for a conversation that is not here or is
    deleted; then nothing is changed.
    """
    records = list(_changed(vault, conversations, change, told))
    vault.add(records)
    return records


def _changed(
    vault: Vault, conversations: Collection[str], change: Change, told: Callable[[int], object]
) -> Iterator[Record]:
    for done, name in enumerate(conversations, 1):
        item = vault.item(name, ABOUT)
        about = item.value.body
        if not isinstance(about, About):
            raise UsageError("That conversation is deleted.", remedy="Bring it back first: netto-tui undo.")
        body = change.of(about)
        if body != about:
            yield resolve(item, body, vault.clock.stamp())
        told(done)
