"""What the Recovery section says: what can be done in it, and how a verification, a preview and a restore went."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo

from textual.content import Content

from netto_tui.errors import Cancelled, NettoError
from netto_tui.model.clock import to_instant, to_ms
from netto_tui.plural import many, number
from netto_tui.recovery.drill import DrillReport
from netto_tui.recovery.finds import LOCAL, Find
from netto_tui.recovery.health import DRILL_AGE_MS
from netto_tui.recovery.preview import Preview
from netto_tui.recovery.restore import RestoreReport
from netto_tui.recovery.snapshots import SHORT
from netto_tui.recovery.verify import Verdict
from netto_tui.security.display import safe_line
from netto_tui.tui import wording
from netto_tui.tui.recovering import Wanted

HINTS = (
    ("v", "verify", "read everything there and here, and compare; one or all"),
    ("p", "preview", "what a restore would do; nothing is written"),
    ("R", "restore", "bring it back, after a preview"),
    ("s", "snapshots", "look at an earlier day, and bring back from it"),
    ("D", "drills", "try a restore into a temporary place"),
    ("u", "undo points", "go back to before a restore or a decision"),
)
"""Key, name and meaning of what can be done here."""


DRILL_HINTS = ("D shows why.", "D tries one; nothing of the vault is touched.")
"""What to do where a drill failed, and where one is due."""


def hint_lines(drills: str) -> Content:
    """What can be done here, while there is nothing else to say; drills: how the last ones stand."""
    lines = [
        Content.assemble((f"{key}  ", "bold $text-accent"), (f"{name:<13}", "bold"), (meaning, "$foreground-muted"))
        for key, name, meaning in HINTS
    ]
    return Content("\n").join([*lines, Content(""), Content(drills)])


def drill_words(
    names: Sequence[str], drills: Mapping[str, DrillReport], now_ms: int, hints: tuple[str, str] = DRILL_HINTS
) -> str:
    """When a restore was last tried, and whether it is time again; names: of the replicas.

    hints: what to do where one failed, and where one is due.
    """
    tried = [drills[name] for name in names if name in drills]
    never = [name for name in names if name not in drills]
    failed = [one.name for one in tried if not one.ok]
    if failed:
        return f"‼ The last drill of {_listed(failed)} failed. {hints[0]}"
    if not tried:
        return f"! A restore was never tried. {hints[1]}" if names else ""
    oldest = min(one.at for one in tried)
    age = f"The last drills went well, the oldest {wording.ago(oldest, now_ms)}."
    if never:
        return f"! A restore from {_listed(never)} was never tried. {hints[1]}"
    if now_ms - to_ms(oldest) > DRILL_AGE_MS:
        return f"! {age} It is time again. {hints[1]}"
    return f"✓ {age}"


def choice_line(wanted: Wanted, title: Callable[[str], str], zone: tzinfo) -> Content:
    """What would be brought back, nothing without a source; title: of a conversation by its id."""
    if not wanted.source:
        return Content("")
    what = "the whole vault"
    if len(wanted.only) == 1:
        what = f"one conversation: {safe_line(title(wanted.only[0]), 60) or 'untitled'}"
    elif wanted.only:
        what = many(len(wanted.only), "conversation")
    at = wanted.as_of
    when = "as it is there now"
    if at is not None:
        ms, name = (at, "") if isinstance(at, int) else (at.at_ms, f", {at.id[:SHORT]}")
        when = f"as of {wording.moment(to_instant(ms), zone)}{name}"
    line = Content.assemble(
        ("Restore ", "$foreground-muted"),
        (what, "bold"),
        (f" from {safe_line(wanted.source, 30)}, ", "$foreground-muted"),
        (when, "bold"),
    )
    return line + Content.styled("   esc: all", "$faint") if wanted.only or at is not None else line


def _listed(names: Sequence[str]) -> str:
    return ", ".join(safe_line(name, 20) for name in names)


def verdict_lines(verdict: Verdict, found: Sequence[Find]) -> Content:
    """Each store with its digest or its counts; what was found is listed below by name."""
    lines = []
    for store in verdict.stores:
        name = safe_line("this device" if store.name == LOCAL else store.name, 20)
        digest = Content.styled(store.digest[:16], "$faint")
        if store.ok:
            lines.append(Content.styled("✓ ", "$text-success") + Content(f"{name:<20} whole and equal  ") + digest)
            continue
        kinds = [one.kind for one in found if one.store == store.name]
        counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
        lines.append(Content.styled("✗ ", "$text-error") + Content.styled(f"{name:<20} ", "bold") + Content(counts))
    if verdict.ok:
        lines.append(Content("Every record was read, checked against its name, and compared."))
    else:
        lines.append(Content("enter on a line shows the difference; y copies the list."))
    return Content("\n").join(lines)


def find_words(find: Find) -> Content:
    """What mends a find."""
    return Content.styled("What mends it: ", "$text-accent") + Content(find.mends)


def preview_lines(preview: Preview, chosen: int = 0) -> Content:
    """The counts of a dry run; chosen: how many conversations are marked."""
    there = f"  {many(preview.conversations, 'conversation')} there, digest {preview.digest[:16]}"
    lines = [
        Content.styled("DRY RUN", "bold $accent") + Content.styled(there, "$foreground-muted"),
        Content.assemble(
            "would add ",
            (number(preview.add), "bold $text-success"),
            " · change ",
            (number(preview.change), "bold $text-warning"),
            " · remove ",
            ("0", "bold"),  # a restore only adds: that is what makes it safe
            " · keep ",
            (number(preview.keep), "bold"),
            f"   ({many(preview.revisions, 'revision')})",
        ),
    ]
    if preview.corrupt:
        text = f"{many(preview.corrupt, 'piece')} there cannot be used and will be left out: v says which."
        lines.append(Content.styled(text, "$text-error"))
    if not preview.conversations:
        text = "Nothing was there at that time, so there is nothing to bring back."
        lines.append(Content.styled(text, "$text-warning"))
    elif not preview.revisions:
        lines.append(Content("Everything there is here already."))
    elif chosen:
        lines.append(Content.styled(f"● {many(chosen, 'conversation')} chosen to come back, and no other.", "bold"))
    return Content("\n").join(lines)


def preview_hint(chosen: int) -> Content:
    """What can be done with a dry run; chosen: how many conversations are marked."""
    text = "R brings back these" if chosen else "R brings all of it back; space chooses some"
    return Content.styled(f"{text}. enter shows what differs.", "$faint")


def restored_lines(report: RestoreReport, zone: tzinfo) -> Content:
    """What a restore did."""
    lines = [
        Content.styled("✓ ", "$text-success")
        + Content(
            f"Restored from {safe_line(report.source)}: {many(report.added, 'revision')} came back; "
            f"{many(report.conversations, 'conversation')} in all."
        ),
        Content.styled(f"digest {report.digest}, read back and compared", "$foreground-muted"),
    ]
    if report.undo:
        until = wording.moment(report.until, zone)
        lines.append(Content(f"Way back: {safe_line(report.undo)}, kept until {until}; u shows all."))
    else:
        lines.append(Content("Nothing that was here was changed, so there is nothing to undo."))
    lines.append(Content.styled("y copies this report.", "$faint"))
    return Content("\n").join(lines)


def error_lines(error: NettoError) -> Content:
    """Why a job did not end well, and what to do; that somebody stopped it is no error."""
    if isinstance(error, Cancelled):
        return Content.styled(f"= {safe_line(error.message, 400)}", "$text-warning")
    what = Content.styled(f"✗ {safe_line(error.message, 400)}", "$text-error")
    return what + Content(f"\n{safe_line(error.remedy, 400)}") if error.remedy else what
