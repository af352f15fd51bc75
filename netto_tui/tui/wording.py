"""How times, sizes and states are said on the screens: short, aligned, and never by colour alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from textual.content import Content

STATES = {
    "ok": ("✓", "in step", "$text-success"),
    "behind": ("↑", "behind", "$text-warning"),
    "unread": ("…", "reading", "$faint"),
    "never": ("·", "not yet", "$text-warning"),
    "unreachable": ("✗", "offline", "$text-error"),
    "limited": ("~", "waiting", "$text-warning"),
    "denied": ("✗", "denied", "$text-error"),
    "locked": ("✗", "locked", "$text-error"),
    "wrong-target": ("✗", "foreign", "$text-error"),
    "suspect": ("‼", "suspect", "$text-error"),
    "damaged": ("‼", "damaged", "$text-error"),
    "newer-format": ("✗", "newer", "$text-error"),
    "refused": ("✗", "refused", "$text-error"),
    "paused": ("=", "paused", "$text-warning"),
    "warn": ("!", "look", "$text-warning"),
    "bad": ("✗", "fault", "$text-error"),
}
"""Letter, word and colour of each state of a replica (vault.rows.ReplicaRow) or check."""

ADVICE = {
    "behind": "What waits goes there by itself; r syncs it now, S all of them.",
    "never": "Nothing is there yet. Press r to sync it now, S for all of them.",
    "unreachable": "It is tried again by itself; r tries now. If it is gone for good, press R to rebuild it.",
    "limited": "It asked to wait. It is tried again at the time shown, and nothing is lost until then.",
    "denied": "Its token or permission does not suffice. Put that right, then press r; `netto-tui doctor` says how.",
    "locked": "The keys are not at hand. What is said is kept here; it goes there after `netto-tui keys unlock`.",
    "wrong-target": "It holds another vault, or none of ours. Check its target before anything is written there.",
    "suspect": "More is missing there at once than is plausible. If it is the right place, press R to make it whole.",
    "damaged": "Bytes there do not match their names. S heals what can be healed; R builds it anew.",
    "newer-format": "A newer netto-tui wrote there. Upgrade this one; until then it is only read.",
    "refused": "It was left as it is for safety. Put right what is said above, then press r to try again.",
    "paused": "Nothing goes there and nothing is read there until p resumes it.",
}
"""What a person can do about a state that is not good."""

_STEPS = {
    "pull": "reading from",
    "push": "writing to",
    "verify": "verifying",
    "restore": "restoring from",
    "import": "importing",
}


def state_mark(state: str) -> Content:
    """A state's letter in its colour."""
    letter, _, colour = STATES.get(state, ("?", state, "$text-warning"))
    return Content.styled(letter, colour)


def state_words(state: str) -> Content:
    """A state as letter and word."""
    letter, word, colour = STATES.get(state, ("?", state, "$text-warning"))
    return Content.styled(f"{letter} {word}", colour)


def check_words(state: str) -> Content:
    """The state of a health check as letter and word."""
    letter, _, colour = STATES.get(state, ("?", state, "$text-warning"))
    word = {"ok": "well", "warn": "look", "bad": "fault"}.get(state, state)
    return Content.styled(f"{letter} {word}", colour)


def step_words(step: str, replica: str) -> str:
    """What a pass does just now, such as `writing to github`."""
    return f"{_STEPS.get(step, step)} {replica}".strip()


def _ms(instant: str) -> int:
    from netto_tui.model.clock import to_ms  # the first frame needs no clock

    return to_ms(instant)


def ago(instant: str, now_ms: int) -> str:
    """How long ago an instant was: `now`, `2 min ago`, `3 h ago`; `never` for ""."""
    if not instant:
        return "never"
    return _span(now_ms - _ms(instant), "now", "{} ago")


def until(instant: str, now_ms: int) -> str:
    """How far away an instant is: `in 8 min`, `due`; "" for ""."""
    if not instant:
        return ""
    return _span(_ms(instant) - now_ms, "due", "in {}")


def age(instant: str, now_ms: int) -> str:
    """How long ago an instant was, in a narrow column: `now`, `2 min`, `3 h`; `never` for ""."""
    if not instant:
        return "never"
    return _span(now_ms - _ms(instant), "now", "{}")


def age_letters(instant: str, now_ms: int) -> str:
    """An age in at most three characters, for the header: `2m`, `3h`, `9d`."""
    if not instant:
        return ""
    seconds = max(0, now_ms - _ms(instant)) // 1000
    for size, letter in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{min(99, seconds // size)}{letter}"
    return ""


def _span(ms: int, nothing: str, phrase: str) -> str:
    seconds = ms // 1000
    if seconds < 5:
        return nothing
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            count = seconds // size
            return phrase.format(f"{count} {'day' if unit == 'days' and count == 1 else unit}")
    return nothing


def eta(done: int, total: int, seconds: float) -> str:
    """How long the rest takes at the pace so far, such as `about 2 min`; "" while nobody can say."""
    if done <= 0 or total <= done or seconds < 1:
        return ""
    left = timedelta(seconds=round(seconds / done * (total - done)))
    if left.total_seconds() < 60:
        return f"about {max(1, round(left.total_seconds()))} s"
    return f"about {round(left.total_seconds() / 60)} min"


def rate(done: int, seconds: float) -> str:
    """A pace, such as `12/s` or `40/min`; "" while nobody can say."""
    if done <= 0 or seconds < 1:
        return ""
    pace = done / seconds
    return f"{pace:,.0f}/s".replace(",", " ") if pace >= 1 else f"{max(1, round(pace * 60))}/min"


def moment(instant: str, zone: tzinfo) -> str:
    """An instant as `2026-11-23 09:15` in the vault's zone; `undated` for "" and the zero of time."""
    ms = _ms(instant)
    return datetime.fromtimestamp(ms / 1000, zone).strftime("%Y-%m-%d %H:%M") if ms else "undated"


def clock(instant: str, zone: tzinfo) -> str:
    """An instant as `09:15` in the vault's zone; "" when undated."""
    ms = _ms(instant)
    return datetime.fromtimestamp(ms / 1000, zone).strftime("%H:%M") if ms else ""


def size_words(characters: int) -> str:
    """A text's length for people: `412`, `1.2 k`, `3.4 M` characters."""
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if characters >= unit:
            return f"{characters / unit:.1f} {letter}"
    return str(characters)


def initials(names: Sequence[str]) -> dict[str, str]:
    """One capital letter for each replica: its first letter that is still free."""
    taken: dict[str, str] = {}
    for name in names:
        letters = [letter.upper() for letter in name if letter.isascii() and letter.isalpha()]
        spare = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        taken[name] = next((x for x in (*letters, *spare) if x not in taken.values()), "?")
    return taken
