"""What a query that is being typed may be going to say: names of filters, their values, earlier searches."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from textual.suggester import Suggester

from netto_tui.model.query import CONTENTS, DATE_KEYS, KEYS, ROLES, STATES

DATES = ("today", "yesterday", "this week", "last week", "this month", "last month", "this year", "last year")
VALUES: Mapping[str, Sequence[str]] = {
    "from": ROLES,
    "is": STATES,
    "has": CONTENTS,
    **dict.fromkeys(DATE_KEYS, DATES),
}
"""What a filter may say; the values of `source:` and `tag:` are those that the vault has."""

_FILTER = re.compile(r'(?:^|\s)(\w+):((?:(?:this|last) )?[^\s"]*)$', re.IGNORECASE)
_BEGINNING = re.compile(r"(?:^|\s)([a-z]{2,})$", re.IGNORECASE)


def completed(text: str, names: Mapping[str, Sequence[str]], history: Sequence[str]) -> str | None:
    """The text with what it probably goes on with; None where there is no guess.

    names: by filter, the values that are there. history: earlier searches, latest first.
    """
    if match := _FILTER.search(text):
        key, begun = match[1].lower(), match[2].lower()
        values = [*VALUES.get(key, ()), *names.get(key, ())]
        found = next((value for value in values if value.lower().startswith(begun) and value.lower() != begun), None)
        if found is not None:
            return text + found[len(begun) :]
    earlier = next((each for each in history if text and each.startswith(text) and each != text), None)
    if earlier is not None:
        return earlier
    if match := _BEGINNING.search(text):
        begun = match[1].lower()
        name = next((key for key in KEYS if key.startswith(begun)), None)
        if name is not None:
            return f"{text}{name[len(begun) :]}:"
    return None


class QuerySuggester(Suggester):
    """Completes queries; `names` and `history` are asked for at each key."""

    def __init__(self, names: Callable[[], Mapping[str, Sequence[str]]], history: Callable[[], Sequence[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._names = names
        self._history = history

    async def get_suggestion(self, value: str) -> str | None:
        """The whole line as it may become."""
        return completed(value, self._names(), self._history())
