"""Every action of the app that has an id, and what is wrong with the keys that a person gave to some of them."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import _character_to_key, format_key
from textual.screen import Screen

import netto_tui.tui
from netto_tui.tui.panes.base import Pane
from netto_tui.tui.preferences import is_key, split
from netto_tui.tui.screens.main import MainScreen

WIDGET, PANE, SCREEN, APP = range(4)


@dataclass(frozen=True)
class Named:
    """An action with an id. keys: as Textual names them. level: what kind of thing `owner`, a class, is."""

    id: str
    keys: tuple[str, ...]
    words: str
    owner: str
    level: int

    def meets(self, other: Named) -> bool:
        """Whether one key can reach both: they are of one thing, or one of them is around the other."""
        if self.owner == other.owner:
            return True
        inner, outer = sorted((self, other), key=lambda each: each.level)
        return outer.level == APP or (
            inner.level < outer.level and (outer.level == PANE or outer.owner == MainScreen.__name__)
        )


@dataclass(frozen=True)
class Fault:
    """A line of `[keys]` that does not do what it says. id: of the action that it names."""

    id: str
    words: str


@cache
def known() -> Mapping[str, Named]:
    """Every action by its id, those of the app first. Imports every screen: call it on a thread."""
    found: dict[str, Named] = {}
    for owner in sorted(_owners(), key=lambda kind: -_level(kind)):
        for binding in owner.__dict__["BINDINGS"]:
            if isinstance(binding, Binding) and binding.id:
                before = found.get(binding.id)
                keys = (*(before.keys if before else ()), *map(normal, split(binding.key)))
                words = binding.tooltip or binding.description
                found[binding.id] = before or Named(binding.id, keys, words, owner.__name__, _level(owner))
    return found


def _owners() -> Iterator[type[DOMNode]]:
    """Every class of ours that has keys."""
    for module in pkgutil.walk_packages(netto_tui.tui.__path__, f"{netto_tui.tui.__name__}."):
        for kind in vars(import_module(module.name)).values():
            is_ours = isinstance(kind, type) and issubclass(kind, DOMNode) and kind.__module__ == module.name
            if is_ours and "BINDINGS" in kind.__dict__:
                yield kind


def _level(kind: type[DOMNode]) -> int:
    return (
        APP if issubclass(kind, App) else SCREEN if issubclass(kind, Screen) else PANE if issubclass(kind, Pane) else 0
    )


def normal(key: str) -> str:
    """A key as Textual names it: `?` is `question_mark`."""
    return _character_to_key(key) if len(key) == 1 else key


def shown(keys: Iterable[str]) -> str:
    """Keys as the footer writes them."""
    return " ".join(format_key(key) for key in keys)


def in_force(keys: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The keys of every action, where `keys` are those that a person gave to some."""
    given = {name: tuple(normal(key) for key in split(text) if is_key(key)) for name, text in keys.items()}
    return {name: given.get(name) or each.keys for name, each in known().items()}


def faults(keys: Mapping[str, str]) -> list[Fault]:
    """What is wrong with keys that a person gave: ids and keys that are none, and keys that mean two things."""
    there, found = known(), []
    for name, text in keys.items():
        if name not in there:
            close = get_close_matches(name, there, 1)
            found.append(Fault(name, "is no action" + (f"; the nearest is {close[0]}" if close else "")))
        else:
            wrong = [key for key in split(text) if not is_key(key)] or ([""] if not split(text) else [])
            found += [Fault(name, f"has “{key}”, which is no key") for key in wrong]
    return [*found, *_clashes(keys)]


def _clashes(keys: Mapping[str, str]) -> Iterator[Fault]:
    """Actions whose new key is one of another action that can be reached from the same place."""
    there, now = known(), in_force(keys)
    told: set[frozenset[str]] = set()
    for name in keys.keys() & there.keys():
        new = set(now[name]) - set(there[name].keys)
        others = [
            other
            for other, theirs in now.items()
            if other != name and new & set(theirs) and there[name].meets(there[other]) and {name, other} not in told
        ]
        told.update(frozenset({name, other}) for other in others)
        if others:
            some = f"{', '.join(others[:3])}{f' and {len(others) - 3} more' if len(others) > 3 else ''}"
            same = new & {key for other in others for key in now[other]}
            yield Fault(name, f"shares {shown(sorted(same))} with {some}; where both are, the inner one has it")
