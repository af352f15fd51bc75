"""Keeping search fast while nothing else is to be done: one segment of full text, and a list of its words.

A search visits every segment for every word, and a hundred thousand texts leave some thirty segments.
A word of which only the beginning is typed is looked for by the words that it may become, which the
list knows with the number of texts that have them. It is a hint, true when it was made: what is found
with it is shown first, and `vault.hits` tells afterwards what matches exactly.
"""

from __future__ import annotations

import sqlite3
import time

from netto_tui.vault import schema
from netto_tui.vault.vault import Vault

DUE_TEXTS = 2_000
DUE_SHARE = 0.1
"""What is written before it is worth the work: so many texts, and this share of all."""

MERGE_PAGES = 64
LIST_WORDS = 2_000
LIST_SECONDS = 0.01
"""What one step does: it holds the vault's lock, and others wait for it."""

SHORTEST, LONGEST = 4, 64
"""Characters of words in the list: shorter beginnings have an index of their own, longer ones are no words."""

FEWEST_TEXTS = 2
"""Most different words are in a single text, such as numbers and names of files; finding them is cheap as it is."""


class Tidying:
    """The work on one vault; `step` is called as long as there is time for it."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._texts = 0
        self._is_merged = False
        self._listed = ""
        self._vocabulary: sqlite3.Connection | None = None

    def step(self) -> bool:
        """Do some milliseconds of what is due; False when nothing is left to do."""
        if not self._texts and not self._begin():
            return False
        if not self._is_merged:
            self._is_merged = not self._merge()
        elif not self._list():
            self._end()
        return True

    def _begin(self) -> bool:
        """Note how much was written until now, if that is enough."""
        with self._vault.reader() as reader:
            texts = int(reader.first("SELECT value FROM meta WHERE key = 'untidied'") or 0)
            if texts < DUE_TEXTS or texts < DUE_SHARE * (reader.totals().messages):
                return False
        self._texts, self._is_merged, self._listed = texts, False, ""
        return True

    def _merge(self) -> bool:
        """Merge some pages of segments; False when there is one segment only."""
        with self._vault.transaction() as sql:
            before = sql.total_changes
            sql.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (-MERGE_PAGES,))
            return sql.total_changes - before > 1  # as SQLite documents it

    def _list(self) -> bool:
        """List the next words; False when there are no more."""
        found = self._next_words()
        last = found[-1][0] if found else None
        listed = [row for row in found if row[1] >= FEWEST_TEXTS and SHORTEST <= len(row[0]) <= LONGEST]
        with self._vault.transaction() as sql:
            sql.execute("DELETE FROM completions WHERE word > ?1 AND (word <= ?2 OR ?2 IS NULL)", (self._listed, last))
            sql.executemany("INSERT INTO completions VALUES (?, ?)", listed)
        self._listed = last or ""
        return last is not None

    def _next_words(self) -> list[tuple[str, int]]:
        """The next words of the full text, each with the number of texts that have it; needs no lock."""
        if self._vocabulary is None:
            self._vocabulary = schema.connect_vocabulary(self._vault.path / "index.db")
        ends = time.monotonic() + LIST_SECONDS
        found: list[tuple[str, int]] = []
        for row in self._vocabulary.execute("SELECT term, doc FROM vocabulary WHERE term > ?", (self._listed,)):
            found.append(row)
            if len(found) >= LIST_WORDS or time.monotonic() >= ends:
                break
        return found

    def _end(self) -> None:
        with self._vault.transaction() as sql:
            sql.execute("UPDATE meta SET value = max(0, value - ?) WHERE key = 'untidied'", (self._texts,))
        self._texts = 0
        self.close()

    def close(self) -> None:
        """Let go of the index."""
        if self._vocabulary is not None:
            self._vocabulary.close()
            self._vocabulary = None


def tidy(vault: Vault) -> None:
    """Do all that is due, however long it takes."""
    tidying = Tidying(vault)
    while tidying.step():
        pass
