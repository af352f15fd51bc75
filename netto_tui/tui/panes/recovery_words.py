"""What the Recovery section says of a verdict, a preview, a drill and a restore."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content

from netto_tui.plural import many, number
from netto_tui.recovery.drill import DrillReport
from netto_tui.recovery.preview import Preview, PreviewItem
from netto_tui.recovery.restore import RestoreReport
from netto_tui.recovery.verify import Verdict
from netto_tui.security.display import safe_line
from netto_tui.tui import wording
from netto_tui.tui.widgets.columns import Column
from netto_tui.vault.rows import ReplicaRow

NAMED = 20
"""How many finds are listed by name; the counts are of all."""


def source_columns(now: Callable[[], int]) -> list[Column[ReplicaRow]]:
    """The columns of the list of replicas; now: milliseconds since 1970."""
    return [
        Column("Bring back from", lambda row: row.name, 16),
        Column("Kind", lambda row: row.kind, 10, style="$foreground-muted"),
        Column("State", lambda row: wording.state_words(row.state), 11),
        Column("Verified", lambda row: Content(number(row.verified)), 9, "right"),
        Column("Proof", lambda row: Content(wording.ago(row.verified_at, now()))),
    ]


def item_columns(title: Callable[[PreviewItem], str]) -> list[Column[PreviewItem]]:
    """The columns of the list of conversations that a restore would touch."""
    return [
        Column("", _mark, 8),
        Column("", title),
        Column("", lambda item: Content(f"+{many(item.revisions, 'revision')}"), 18, "right"),
    ]


def _mark(item: PreviewItem) -> Content:
    return (
        Content.styled("+ add", "$text-success") if item.kind == "add" else Content.styled("~ change", "$text-warning")
    )


def verdict_lines(verdict: Verdict) -> Content:
    """Each store with its digest, and what is wrong with it."""
    lines = []
    for store in verdict.stores:
        name = "this device" if store.name == "local" else store.name
        if store.ok:
            lines.append(
                Content.styled("✓ ", "$text-success")
                + Content(f"{safe_line(name, 20):<20} whole and equal  ")
                + Content.styled(store.digest[:16], "$faint")
            )
            continue
        lines.append(Content.styled("✗ ", "$text-error") + Content.styled(safe_line(name, 20), "bold"))
        if store.error:
            lines.append(Content.styled(f"    {safe_line(store.error, 300)}", "$text-error"))
        for found, what in ((store.missing, "lacks something of"), (store.extra, "has more of")):
            if found:
                lines.append(Content(f"    {what} {many(len(found), 'conversation')}"))
        for corrupt in store.corrupt[:NAMED]:
            lines.append(
                Content.styled(f"    {safe_line(corrupt.where, 100)}: {safe_line(corrupt.reason, 100)}", "$text-error")
            )
        if len(store.corrupt) > NAMED:
            lines.append(Content(f"    and {many(len(store.corrupt) - NAMED, 'more find')}"))
    if verdict.ok:
        lines.append(Content("Every record was read, checked against its name, and compared."))
    else:
        aside = "Bad bytes were set aside. " if any(store.corrupt for store in verdict.stores) else ""
        lines.append(Content(f"{aside}The next sync heals what can be healed: press S."))
    return Content("\n").join(lines)


def preview_lines(preview: Preview) -> Content:
    """The counts of a dry run."""
    there = f"  {many(preview.conversations, 'conversation')} there, digest {preview.digest[:16]}"
    lines = [
        Content.styled("DRY RUN", "bold $accent") + Content.styled(there, "$foreground-muted"),
        Content.assemble(
            "would add ",
            (number(preview.add), "bold $text-success"),
            " · change ",
            (number(preview.change), "bold $text-warning"),
            " · remove ",
            ("0", "bold"),
            " · keep ",
            (number(preview.keep), "bold"),
            f"   ({many(preview.revisions, 'revision')})",
        ),
    ]
    if preview.corrupt:
        text = f"{many(preview.corrupt, 'piece')} there cannot be used and will be left out."
        lines.append(Content.styled(text, "$text-error"))
    if not preview.conversations:
        lines.append(
            Content.styled("Nothing was there at that time, so there is nothing to bring back.", "$text-warning")
        )
    elif not preview.revisions:
        lines.append(Content("Everything there is here already."))
    return Content("\n").join(lines)


def drill_lines(report: DrillReport) -> Content:
    """How a drill went."""
    if not report.ok:
        return Content.styled(f"✗ The restore failed: {safe_line(report.error, 400)}", "$text-error")
    took = f"{report.seconds:.1f} s"
    text = f"{many(report.conversations, 'conversation')} restored into a temporary place in {took}, and proven."
    return Content.styled("✓ ", "$text-success") + Content(text)


def restored_lines(report: RestoreReport) -> Content:
    """What a restore did."""
    lines = [
        Content.styled("✓ ", "$text-success")
        + Content(
            f"Restored from {safe_line(report.source)}: {many(report.added, 'revision')} came back; "
            f"{many(report.conversations, 'conversation')} in all."
        ),
        Content.styled(f"digest {report.digest[:16]}, read back and compared", "$foreground-muted"),
    ]
    if report.undo:
        lines.append(Content(f"Undo point: {safe_line(report.undo)}, kept for 30 days (u shows all)."))
    return Content("\n").join(lines)
