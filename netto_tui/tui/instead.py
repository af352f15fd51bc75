"""Things that are like another, but for some of their attributes."""

from __future__ import annotations

from typing import Any


class Instead:
    """An object with some attributes in place of the original's own; everything else is the original's."""

    def __init__(self, original: object, **attributes: object) -> None:
        self.__dict__.update(attributes, _original=original)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_original"], name)
