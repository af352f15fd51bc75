"""A window over rows that lie elsewhere: pages are fetched when they are looked at, few are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

Fetch = Callable[[int, int], Sequence[T]]
"""From (offset, limit) to at most `limit` rows."""


class Pages(Generic[T]):
    """`count` rows behind a `fetch`; at most `keep` pages of `size` rows are in memory.

    `first` are rows from the beginning that are at hand already.
    """

    def __init__(self, fetch: Fetch[T], count: int, *, first: Sequence[T] = (), size: int = 100, keep: int = 8) -> None:
        self.fetch = fetch
        self.count = count
        self.size = size
        self.keep = keep
        self._pages: OrderedDict[int, Sequence[T]] = OrderedDict()
        if len(first) >= min(size, count) and first:
            self._pages[0] = first[:size]

    def row(self, index: int) -> T | None:
        """The row at an index; None outside. A short page means that there are fewer than was said."""
        if not 0 <= index < self.count:
            return None
        number, place = divmod(index, self.size)
        page = self.page(number)
        return page[place] if place < len(page) else None

    def page(self, number: int) -> Sequence[T]:
        """The rows of one page, fetched if it is not at hand."""
        if (page := self._pages.get(number)) is None:
            page = self._pages[number] = self.fetch(number * self.size, self.size)
            if len(page) < min(self.size, self.count - number * self.size):
                self.count = number * self.size + len(page)
            if len(self._pages) > self.keep:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(number)
        return page


def no_rows(offset: int, limit: int) -> Sequence[T]:
    """The fetch of an empty list."""
    return ()


def listed(rows: Sequence[T]) -> Fetch[T]:
    """The fetch of rows that are all at hand."""
    return lambda offset, limit: rows[offset : offset + limit]
