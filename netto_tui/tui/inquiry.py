"""Questions to the index off the app's thread: the latest one wins, the running one is interrupted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from netto_tui.errors import NettoError
from netto_tui.model.query import Query
from netto_tui.tui.messages import Answered
from netto_tui.vault.browsing import matching_days

if TYPE_CHECKING:
    from netto_tui.vault.reader import Reader
    from netto_tui.vault.rows import DayCount

FIRST_ROWS = 100
"""What a list is given at once; a page of it has as many."""

FIRST_HITS = 50
"""Hits that are shown before it is known how many there are: more than a screen has lines."""

COUNT_LIMIT = 10_000
"""Hits are counted, and can be gone through, up to here."""


class Inquiry:
    """One daemon thread with a Reader of its own, and room for one question."""

    def __init__(self, open_reader: Callable[[], Reader], answer: Callable[[Answered], object]) -> None:
        self._open = open_reader
        self._answer = answer
        self._wake = threading.Condition()
        self._waiting: tuple[int, Query] | None = None
        self._serial = 0
        self._ended = False
        self._reader: Reader | None = None
        self._days: tuple[tuple[Query, int], list[DayCount]] | None = None
        self._thread = threading.Thread(target=self._run, name="inquiry", daemon=True)
        self._thread.start()

    def ask(self, query: Query) -> int:
        """Ask in place of whatever was asked before; the answers carry the number returned here."""
        with self._wake:
            self._serial += 1
            self._waiting = (self._serial, query)
            if self._reader is not None:
                self._reader.interrupt()
            self._wake.notify()
            return self._serial

    def close(self) -> None:
        """End the thread; does not wait for it."""
        with self._wake:
            self._ended = True
            if self._reader is not None:
                self._reader.interrupt()
            self._wake.notify()

    def _run(self) -> None:
        reader = self._open()
        try:
            with self._wake:
                self._reader = reader
            while (question := self._next()) is not None:
                serial, query = question
                try:
                    self._reply(reader, serial, query)
                except NettoError as error:
                    if self._is_current(serial):
                        self._answer(Answered(query, serial, error=str(error)))
        finally:
            with self._wake:
                self._reader = None
            reader.close()

    def _next(self) -> tuple[int, Query] | None:
        with self._wake:
            while self._waiting is None and not self._ended:
                self._wake.wait()
            question, self._waiting = self._waiting, None
            return None if self._ended else question

    def _is_current(self, serial: int) -> bool:
        with self._wake:
            return serial == self._serial and not self._ended

    def _reply(self, reader: Reader, serial: int, query: Query) -> None:
        """The first rows at once, then what takes longer."""
        begun = time.perf_counter()
        answer = self._first(reader, serial, query)
        answer.took_ms = (time.perf_counter() - begun) * 1000
        if not self._is_current(serial):
            return
        self._answer(answer)
        full = self._full(reader, answer)
        if self._is_current(serial):
            self._answer(full)

    def _first(self, reader: Reader, serial: int, query: Query) -> Answered:
        if not query.terms:
            found = reader.conversations(query, 0, FIRST_ROWS)
            return Answered(query, serial, found, total=len(found), capped=len(found) == FIRST_ROWS)
        from netto_tui.vault.hits import first_hits

        hits = first_hits(reader, query, FIRST_HITS)
        return Answered(query, serial, hits=hits, total=len(hits), capped=len(hits) == FIRST_HITS)

    def _full(self, reader: Reader, first: Answered) -> Answered:
        """All of the answer to a question; hits are exactly the newest ones now, and have their places."""
        query = first.query
        full = replace(first, capped=False)
        if first.capped and query.terms:
            from netto_tui.vault.hits import hits_at, places

            found = places(reader, query, COUNT_LIMIT)
            full.places, full.total, full.capped = found.rows, len(found.rows), found.capped
            full.hits = hits_at(reader, found.rows[:FIRST_ROWS], query.terms)
        elif first.capped:
            full.total = reader.count(query)
        full.days, full.days_capped = self._counted_days(reader, query)
        return full

    def _counted_days(self, reader: Reader, query: Query) -> tuple[list[DayCount], bool]:
        """What matches on each day, whatever dates the query names, and whether only the latest were counted.

        Conversations are counted anew only where they changed: every search ends with all of them again.
        """
        undated = replace(query, since=None, until=None, text="")
        if query.terms:
            days = matching_days(reader, undated, COUNT_LIMIT)
            return days, sum(day.conversations for day in days) >= COUNT_LIMIT
        key = (undated, reader.version())
        if self._days is None or self._days[0] != key:
            self._days = (key, reader.days(undated))
        return self._days[1], False
