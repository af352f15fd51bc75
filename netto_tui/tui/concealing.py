"""How foreign text that may hold a credential comes to the screen: with the credential named instead of shown."""

from __future__ import annotations

from functools import lru_cache

from netto_tui.security.display import safe_display

_BEYOND = 20_000
"""Characters after a limit that are looked at too, so that what begins before it is known for what it is."""


def concealed(text: str, limit: int) -> str:
    """The first `limit` characters of a foreign text, with its credentials named, and harmless for a terminal."""
    return safe_display(_masked(text[: limit + _BEYOND])[:limit])


@lru_cache(maxsize=256)
def _masked(text: str) -> str:
    from netto_tui.security.redact import mask  # its rules are loaded when a text is there, not for the first frame

    return mask(text)
