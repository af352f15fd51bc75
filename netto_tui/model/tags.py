"""Tags of a conversation: short words in small letters, in the order of the alphabet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from netto_tui.errors import UsageError

LENGTH = 40
"""Characters of a tag."""

_BETWEEN = str.maketrans(dict.fromkeys(',;#"', " "))


def tag_names(values: Any) -> tuple[str, ...]:
    """The tags that a header names in its `context`, whoever wrote it; what is no text is left out."""
    words = values if isinstance(values, list | tuple) else ()
    return _ordered("-".join(word.translate(_BETWEEN).split()) for word in words if isinstance(word, str))


def read_tags(text: str) -> tuple[str, ...]:
    """The tags that a person wrote, with blanks or commas between them, with or without `#`.

    Raises UsageError for one that is too long.
    """
    words = text.translate(_BETWEEN).split()
    for word in words:
        if len(word) > LENGTH or not word.isprintable():
            raise UsageError(f"“{word[:LENGTH]}” is no tag.", remedy=f"A tag is a word of at most {LENGTH} letters.")
    return _ordered(words)


def _ordered(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({word.lower()[:LENGTH] for word in words if word.isprintable() and word}))
