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

if TYPE_CHECKING:
    from netto_tui.vault.reader import Reader

FIRST_ROWS = 100
COUNT_LIMIT = 10_000
"""Hits are counted up to here."""


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
        """The first rows at once, then the count and the days."""
        begun = time.perf_counter()
        answer = Answered(query, serial)
        if query.terms:
            answer.hits = reader.search(query, FIRST_ROWS)
            answer.total = len(answer.hits)
        else:
            answer.conversations = reader.conversations(query, 0, FIRST_ROWS)
            answer.total = len(answer.conversations)
        answer.took_ms = (time.perf_counter() - begun) * 1000
        if not self._is_current(serial):
            return
        self._answer(answer)
        full = Answered(query, serial, answer.conversations, answer.hits, answer.total, took_ms=answer.took_ms)
        if answer.total >= FIRST_ROWS:
            full.total = reader.search_count(query, COUNT_LIMIT) if query.terms else reader.count(query)
            full.capped = bool(query.terms) and full.total >= COUNT_LIMIT
        full.days = reader.days(replace(query, since=None, until=None))
        if self._is_current(serial):
            self._answer(full)
