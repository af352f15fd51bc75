"""Counts as people read them."""

from __future__ import annotations


def number(count: int) -> str:
    """A count with gaps between thousands: `48 211`."""
    return f"{count:,}".replace(",", " ")


def many(count: int, thing: str, things: str = "") -> str:
    """A count with its noun: `1 message`, `1 204 messages`; things: a plural without a plain s."""
    return f"{number(count)} {thing if count == 1 else things or thing + 's'}"
