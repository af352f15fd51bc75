"""What a pass asks of GitHub and costs on Firestore: linear in what changed, flat in what exists."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path

from netto_tui.vault import writing
from tests.benchmarks.measure import scratch, show
from tests.contract import firestore_places, github_places
from tests.faults.stores import CLOUDS, Place, opened, target
from tests.unit.vault.talks import new_vault, talk

CHANGED = (1, 10, 150)
COLUMNS = ["conversations", "pass", "GitHub requests", "at most", "Firestore reads", "writes", "at most"]


def run(sizes: Sequence[int]) -> None:
    """Print one table; a tenth of each size is the number of conversations."""
    rows = []
    for conversations in [size // 10 for size in sizes if size <= 100_000]:
        with scratch() as folder:
            rows += _passes(folder, conversations)
    show("Requests", COLUMNS, rows, "Goal: the bounds, for every number of conversations.")


def _passes(folder: Path, conversations: int) -> list[list[str]]:
    """The first upload, a look, changes of several sizes, and a message that is live."""
    firestore_places.server().create(target(folder, "firestore")[0].partition("/")[0])
    new_vault(folder / "vault").close()
    with opened(folder, CLOUDS) as place:
        place.sync()  # both get their identity, as `init` gives it
        place.vault.add(record for number in range(conversations) for record in talk(number, day=1 + number % 25))
        batches = ceil(conversations / 200)
        rows = [_row(place, conversations, "first upload", 120, 5 * conversations + batches)]
        rows.append(_row(place, conversations, "nothing to do", 1, 0))
        for changed in (count for count in CHANGED if count <= conversations):
            later = [talk(number, 1, first=5 + changed, day=1 + number % 25)[0] for number in range(changed)]
            place.vault.add(later)
            rows.append(_row(place, conversations, f"{changed} changed", None, 2 * changed + 1, files=2 * changed))
        writing.log(place.vault, None, "user", "Is anybody there?")
        rows.append(_row(place, conversations, "a new one, live", 7, 4))
    return rows


def _row(
    place: Place, conversations: int, name: str, requests: int | None, writes: int, *, files: int = 0
) -> list[str]:
    """One pass; requests: the bound, else 3 for 100 files or 1 MB, and 4. files: of conversations and of days."""
    hub, fire = github_places.server(), firestore_places.server()
    hub.clear_log()
    fire.clear_log()
    for report in place.sync():
        assert not report.error, report.error
    asked = len(hub.log())
    if requests is None:
        sent = sum(entry["request_bytes"] for entry in hub.log())
        requests = 3 * max(ceil(files / 100), ceil(sent / 1_000_000)) + 4
    return [
        f"{conversations:,}",
        name,
        f"{asked:,}",
        _bound(asked, requests),
        f"{fire.reads:,}",
        f"{fire.writes:,}",
        _bound(fire.writes, writes),
    ]


def _bound(found: int, most: int) -> str:
    return f"{most:,}" if found <= most else f"{most:,}: exceeded"
