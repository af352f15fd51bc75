"""What a person reads before decisions are written, and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from netto_tui.plural import many
from netto_tui.security.display import safe_line
from netto_tui.tui.resolution import Resolution
from netto_tui.tui.resolver_lines import name_of, said

if TYPE_CHECKING:
    from netto_tui.recovery.decisions import Decided
    from netto_tui.tui.app import NettoApp

LINES = 500
"""Decisions that a preview names one by one."""


def preview(state: Resolution, replicas: Sequence[str]) -> str:
    """What writing does: in each place, and for each message. replicas: those that sync keeps equal."""
    return "\n".join(_preview(state, replicas))


def _preview(state: Resolution, replicas: Sequence[str]) -> Iterator[str]:
    count = len(state.conflicts)
    aside = sum(len(row.choices) for row in state.conflicts)
    yield f"{many(count, 'revision')} will be written, one for each message. {many(aside, 'version')} leave the view"
    yield "and stay in the history; an undo point is kept first."
    yield ""
    yield f"{'on':<14}{'changes':>9}{'stays':>9}{'deleted':>9}"
    for label, place in state.count_places().items():
        yield f"{safe_line(label, 13):<14}{place.changes:>9}{place.stays:>9}{place.deleted:>9}"
    for name in replicas:
        if name not in state.columns:
            yield f"{safe_line(name, 13):<14}  gets {'it' if count == 1 else f'all {count}'} with its next pass"
    yield ""
    for row in state.conflicts[:LINES]:
        text = safe_line(said(state.said_of(row), 160), 160) or "(deleted)"
        number = f"{row.number:>4} " if row.number else ""
        name = "" if row.number else f"{name_of(row)}: "
        yield f"{number}{state.letter(row)} {len(row.choices)}→1  {name}{text}"
    if count > LINES:
        yield f"… and {many(count - LINES, 'message')} more"


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
