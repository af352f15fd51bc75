"""A made-up vault of any size: the same seed gives the same bytes everywhere.

Words follow Zipf's law over a vocabulary of 50,000, messages have a long tail of lengths around
1.2 kB, and conversations begin at random moments of three years.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from math import log

from netto_tui.model.clock import to_instant
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import ABOUT, About, Message, Record, Role, Sent, Stamp, Text, mint

SEED = 20261123
FIRST_MS = 1_700_000_000_000
SPAN_MS = 3 * 365 * 86_400_000
VOCABULARY = 50_000
_SYLLABLES = [
    "ka",
    "lo",
    "mi",
    "ren",
    "tas",
    "vel",
    "dor",
    "an",
    "sha",
    "qui",
    "bre",
    "stu",
    "nol",
    "per",
    "gim",
    "fay",
    "hux",
    "jor",
    "wen",
    "zat",
    "cla",
    "tri",
    "mo",
    "pen",
    "del",
    "ri",
    "sun",
    "eth",
    "or",
    "ban",
]


def _seeded(seed: int) -> random.Random:
    return random.Random(seed)


def vocabulary(seed: int = SEED) -> list[str]:
    """Different words, the most frequent first; frequent ones are short, as in any language."""
    rng = _seeded(seed)
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        syllables = max(1, round(log(len(words) + 2, len(_SYLLABLES)) * rng.uniform(0.6, 1.5)))
        words["".join(rng.choices(_SYLLABLES, k=syllables))[: rng.randint(2, 16)]] = None
    return list(words)


@dataclass
class Words:
    """An endless text in which word number n comes with a weight of 1/n."""

    seed: int = SEED

    def __post_init__(self) -> None:
        self.vocabulary = vocabulary(self.seed)
        self._cumulative = list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
        self._rng = _seeded(self.seed)

    def take(self, count: int) -> list[str]:
        """The next words."""
        total, uniform, words, cumulative = self._cumulative[-1], self._rng.random, self.vocabulary, self._cumulative
        return [words[bisect(cumulative, uniform() * total)] for _ in range(count)]

    def text(self, count: int) -> str:
        """The next words as sentences and lines."""
        words = self.take(count)
        for at in range(9, count, 13):
            words[at] += "."
        for at in range(60, count, 71):
            words[at] = f"\n\n{words[at].capitalize()}"
        return " ".join(words)


def conversations(messages: int, per_conversation: int = 25, seed: int = SEED) -> Iterator[list[Record]]:
    """Conversations of about so many messages each, until there are `messages` of them; header first."""
    rng = _seeded(seed + messages)
    words = Words(seed)
    left, number = messages, 0
    while left > 0:
        count = min(left, max(1, round(rng.expovariate(1 / per_conversation)))) if per_conversation > 1 else 1
        yield _conversation(rng, words, f"bench-{seed}-{number}", count)
        left -= count
        number += 1


def long_conversation(messages: int, seed: int = SEED) -> list[Record]:
    """One conversation of exactly so many messages, header first."""
    return _conversation(_seeded(seed), Words(seed), f"bench-long-{seed}", messages)


def _conversation(rng: random.Random, words: Words, native: str, count: int) -> list[Record]:
    name = conversation_id("bench", native)
    at = FIRST_MS + rng.randrange(SPAN_MS)
    title = " ".join(words.take(5)).capitalize()
    about = About(title=title, source={"app": "bench", "native_id": native})
    records = [mint(name, ABOUT, about, Stamp(to_instant(at), 0, "bench"))]
    parent = None
    for number in range(count):
        at += rng.randrange(2_000, 180_000)
        role: Role = "assistant" if number % 2 else "user"
        length = min(2_000, max(3, round(rng.lognormvariate(4.6, 1.0) * (1.4 if number % 2 else 0.6))))
        instant = to_instant(at)
        body = Message(role, (Text(words.text(length)),), sent=Sent(at=instant), parent=parent)
        item = message_id(name, str(number))
        records.append(mint(name, item, body, Stamp(instant, 0, "bench")))
        parent = item
    return records


def keystrokes(count: int = 1_000, seed: int = SEED) -> list[str]:
    """What people have typed at some moment of typing: one to three words, the last one often unfinished.

    A fifth each: a common word, a rare one, a phrase, a beginning of two to four letters, two
    words; every tenth of them within a range of dates.
    """
    rng = _seeded(seed)
    words = vocabulary(SEED)
    common, rare = words[20:400], words[5_000:]
    kinds = (
        lambda: rng.choice(common),
        lambda: rng.choice(rare),
        lambda: f'"{rng.choice(words[:60])} {rng.choice(words[:60])}"',
        lambda: rng.choice(words[:3_000])[: rng.randint(2, 4)],
        lambda: f"{rng.choice(common)} {rng.choice(common)[: rng.randint(2, 9)]}",
    )
    queries = [kinds[number % len(kinds)]() for number in range(count)]
    for at in range(0, count, 10):
        year, month = rng.choice([(2024, 5), (2025, 1), (2025, 11), (2026, 8)])
        queries[at + rng.randrange(10)] += f" after:{year}-{month:02d} before:{year}-{month + 1:02d}"
    rng.shuffle(queries)
    return queries
