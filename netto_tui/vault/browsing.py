"""What the list in Browse asks of the index besides its rows: how replicas hold them, on which days, by which names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Literal

from netto_tui.model.clock import local_day
from netto_tui.model.query import Query
from netto_tui.vault import schema
from netto_tui.vault.reader import Reader
from netto_tui.vault.rows import DayCount
from netto_tui.vault.searching import matching_messages

_FIRST_DAY = 86_400_000 // 900_000
"""The quarter of an hour before which a message counts as undated."""

Held = Literal["equal", "absent", "behind", "different", "withheld", "unknown"]
"""
equal: read back there and found to be as it is here. absent: nobody has seen it there, it is only here.
behind: it was equal once, and changed here since. different: what was read there is not what is here.
withheld: a part of it is knowingly kept off. unknown: the replica was never seen, or what is there is in doubt.
"""

_QUERY = """
SELECT conversations.name, replicas.name, CASE
    WHEN recheck THEN 'unknown'
    WHEN ledger.digest = conversations.digest THEN 'equal'
    WHEN withheld <> '' AND withheld = conversations.digest THEN 'withheld'
    WHEN ledger.digest <> '' AND mark THEN 'behind'
    WHEN ledger.digest <> '' THEN 'different'
    WHEN ledger.digest = '' OR cursor = '' THEN 'unknown'
    ELSE 'absent' END
FROM conversations CROSS JOIN replicas
LEFT JOIN ledger ON ledger.conversation = conversations.id AND ledger.replica = replicas.name
WHERE conversations.name IN (SELECT value FROM json_each(?))
"""


def held(reader: Reader, conversations: Sequence[str]) -> dict[str, dict[str, Held]]:
    """By conversation and name of a replica, from the ledger alone; a replica that no pass has seen has no entry."""
    found: dict[str, dict[str, Held]] = {name: {} for name in conversations}
    for name, replica, how in reader.select(_QUERY, [json.dumps(list(conversations))]):
        found[name][replica] = how
    return found


def sources(reader: Reader) -> list[str]:
    """Where the conversations of the vault came from, most of them first."""
    query = "SELECT source FROM conversations WHERE visible AND source <> '' GROUP BY source ORDER BY count(*) DESC"
    return [name for (name,) in reader.select(query)]


def tags(reader: Reader) -> list[str]:
    """The tags that conversations of the vault have, in the order of the alphabet."""
    query = "SELECT DISTINCT tags FROM conversations WHERE visible AND tags <> ''"
    return sorted({tag for (names,) in reader.select(query) for tag in names.split()})


def matching_days(reader: Reader, query: Query, at_most: int) -> list[DayCount]:
    """How many messages match on each day, latest day first; only the latest `at_most` are counted."""
    statement, values = matching_messages(f"(messages.id >> {schema.SLOT_BITS}) / 900000 AS quarter", query)
    counted = f"SELECT quarter, count(*) FROM ({statement} LIMIT ?) GROUP BY 1 ORDER BY 1 DESC"
    named = (
        ("" if quarter < _FIRST_DAY else local_day(reader.zone, quarter * 15), count)
        for quarter, count in reader.select(counted, [*values, at_most])
    )
    return [DayCount(day, sum(count for _, count in group)) for day, group in groupby(named, lambda pair: pair[0])]
