"""What a person reads before decisions are written, and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from netto_tui.plural import many
from netto_tui.security.display import safe_line
from netto_tui.tui.picks import Row
from netto_tui.tui.resolution import Resolution
from netto_tui.tui.resolver_lines import name_of, said

if TYPE_CHECKING:
    from netto_tui.recovery.decisions import Decided
    from netto_tui.tui.app import NettoApp

LINES = 100
"""Decisions that a preview names one by one."""


def preview(state: Resolution, replicas: Sequence[str]) -> str:
    """What writing does: in each place, and for each message. replicas: those that sync keeps equal."""
    return "\n".join(_preview(state, replicas))


def _preview(state: Resolution, replicas: Sequence[str]) -> Iterator[str]:
    count = len(state.conflicts)
    aside = sum(len(row.choices) for row in state.conflicts)
    yield f"{many(count, 'decision')} for {many(aside, 'version')}. All of these stay in the history."
    yield ""
    yield f"{'place':<14}{'changes':>9}{'same':>7}{'deleted':>9}"
    for label, place in state.count_places().items():
        yield f"{safe_line(label, 13):<14}{place.changes:>9}{place.stays:>7}{place.deleted:>9}"
    for name in replicas:
        if name not in state.columns:
            yield f"{safe_line(name, 13):<14}  gets {'it' if count == 1 else f'all {count}'} with its next pass"
    yield ""
    for row in state.conflicts[:LINES]:
        text = safe_line(said(state.said_of(row), 100), 100)
        yield f"{name_of(row)} ← {_source(state, row)}{': ' + text if text else ''}"
    if count > LINES:
        yield f"… and {many(count - LINES, 'message')} more"
    yield ""
    yield "An undo point is kept first: u in Conflicts takes it back."


def _source(state: Resolution, row: Row) -> str:
    """Whence the result of a row comes."""
    pick = state.picks[row.item]
    if pick.kind == "edit":
        return "your words"
    if pick.kind == "base":
        return "the base"
    labels = {choice.revision: choice.labels[0] for choice in row.choices}
    names = safe_line(" + ".join(labels[revision] for revision in pick.revisions), 60)
    return f"{names}, deleted" if pick.kind == "delete" else names


def tell_decided(app: NettoApp, decided: Decided) -> None:
    """Say what was written and how it is taken back, show it everywhere, and sync."""
    text = (
        f"{many(len(decided.records), 'conflict')} decided: written, read back and verified.\n"
        "Every version stays in the history. To take it back: u in Conflicts, or netto-tui undo."
    )
    if decided.left:
        text += f"\n{many(decided.left, 'message')} got another version meanwhile and still waits for you."
    app.notify(text, timeout=12)
    app.main.vault_changed()
    if app.worker is not None:
        app.worker.sync_now()
