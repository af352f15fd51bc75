"""What a person set for the app itself: its theme, and other keys for what it does."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from textual.keys import KEY_ALIASES, Keys

THEME_VARIABLE = "TEXTUAL_THEME"
"""Textual's own variable; it goes before the settings."""

_MODIFIERS = frozenset({"ctrl", "alt", "shift", "super", "hyper", "meta"})
_NAMED = frozenset(key.value for key in Keys) | frozenset(KEY_ALIASES) | frozenset({"space"})


@dataclass(frozen=True)
class Preferences:
    """What the settings say: the name of a theme, "" for none, and keys by the id of an action."""

    theme: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def usable_keys(self) -> dict[str, str]:
        """The keys that a terminal can send; an action of which none is left keeps its own."""
        kept = {name: [key for key in split(keys) if is_key(key)] for name, keys in self.keys.items()}
        return {name: ",".join(keys) for name, keys in kept.items() if keys}


def read(vault_path: Path) -> Preferences:
    """What the settings of a vault say; nothing where there are none or they cannot be read, which others tell.

    TEXTUAL_THEME goes before the theme in them.
    """
    path, theme = vault_path / "config.toml", os.environ.get(THEME_VARIABLE, "")
    if not path.exists():
        return Preferences(theme)
    import tomllib  # alone, and only where there is something to read: the first frame waits for it

    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return Preferences(theme)
    wished, keys = table.get("theme"), table.get("keys")
    return Preferences(
        theme or (wished if isinstance(wished, str) else ""),
        {name: key for name, key in keys.items() if isinstance(key, str)} if isinstance(keys, dict) else {},
    )


def split(keys: str) -> list[str]:
    """Several keys with commas between them, one by one."""
    return [key.strip() for key in keys.split(",") if key.strip()]


def is_key(text: str) -> bool:
    """Whether a text names a key: one character, or a name such as `ctrl+x`, `space`, `question_mark`."""
    *modifiers, key = text.split("+")
    return _MODIFIERS.issuperset(modifiers) and (len(key) == 1 or key in _NAMED or _is_character(key))


def _is_character(name: str) -> bool:
    """Whether it is the name of a character as Textual writes it: `left_square_bracket`."""
    try:
        unicodedata.lookup(name.replace("_", " ").upper())
    except KeyError:
        return False
    return name == name.lower()
