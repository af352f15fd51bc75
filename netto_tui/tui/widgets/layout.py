"""Where each of many items of unlike height lies: exact for what was looked at, guessed for the rest."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate


class Layout:
    """Heights of `count` items, kept by pages of `size`; a page nobody looked at is a guess.

    Costs grow with the number of pages, not of items: a million items are 10,000 numbers.
    """

    def __init__(self, count: int, *, size: int = 100, guess: int = 5) -> None:
        self.count = count
        self.size = size
        self._known: dict[int, list[int]] = {}
        self._pages = [min(size, count - start) * guess for start in range(0, count, size)]
        self._tops = [0, *accumulate(self._pages)]

    @property
    def total(self) -> int:
        """The height of everything."""
        return self._tops[-1]

    def is_known(self, page: int) -> bool:
        """Whether a page has heights of its own."""
        return page in self._known

    def set_page(self, page: int, heights: list[int]) -> None:
        """Give all items of a page their heights."""
        self._known[page] = heights
        self._sum(page)

    def set_height(self, index: int, height: int) -> bool:
        """Correct one item of a known page; True if that moved what lies below."""
        page, place = divmod(index, self.size)
        heights = self._known[page]
        if heights[place] == height:
            return False
        heights[place] = height
        self._sum(page)
        return True

    def _sum(self, page: int) -> None:
        self._pages[page] = sum(self._known[page])
        self._tops = [0, *accumulate(self._pages)]

    def top(self, index: int) -> int:
        """The line at which an item begins."""
        page, place = divmod(index, self.size)
        if page not in self._known:
            rows = min(self.size, self.count - page * self.size)
            return self._tops[page] + self._pages[page] * place // max(1, rows)
        return self._tops[page] + sum(self._known[page][:place])

    def height(self, index: int) -> int:
        """The height of an item of a known page."""
        return self._known[index // self.size][index % self.size]

    def page_at(self, y: int) -> int:
        """The page that a line lies in, clamped to those there are."""
        return max(0, min(bisect_right(self._tops, max(0, y)) - 1, len(self._pages) - 1))

    def at(self, y: int) -> tuple[int, int]:
        """The item at a line, and the line within it; a page must be known. Clamped at both ends."""
        page = self.page_at(y)
        heights = self._known[page]
        tops = [0, *accumulate(heights)]
        inside = max(0, min(y - self._tops[page], tops[-1] - 1))
        place = max(0, min(bisect_right(tops, inside) - 1, len(heights) - 1))
        return page * self.size + place, inside - tops[place]
