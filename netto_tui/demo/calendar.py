"""When the sample conversations took place, and what was written down about them in the evening."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from netto_tui.capture.openclaw_workspace import BY as WORKSPACE_BY
from netto_tui.capture.openclaw_workspace import KIND as WORKSPACE
from netto_tui.demo import coding, days, desk, everyday, home, kitchen, long, study, trips
from netto_tui.demo.script import Scene, Script, play
from netto_tui.model.clock import to_instant
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import ABOUT, UNDATED, About, Document, Record, Sent, Stamp, mint

MONTHS = 8
MORNINGS = 70
LATELY = 9
"""How many conversations took place today and yesterday."""

WORKSPACE_CONVERSATION = conversation_id(WORKSPACE, "main\0demo")
HABITS = """\
# What I know about us

- Early trains, late dinners, no car.
- Prefers window seats.
- Mails: three sentences, no adjectives.
- Learning Portuguese (twenty words on Mondays) and a little Japanese.
- The tent is in the cellar, left shelf; poles in the blue bag.
"""

_SCRIPTS: tuple[Script, ...] = (
    *trips.SCRIPTS,
    *kitchen.SCRIPTS,
    *coding.SCRIPTS,
    *home.SCRIPTS,
    *desk.SCRIPTS,
    *study.SCRIPTS,
    *everyday.SCRIPTS,
    *days.SCRIPTS,
)
_FORMATS = {"openclaw": "openclaw-jsonl/3", "claude-code": "claude-code", "netto": ""}
_HOURS = {"openclaw": (7, 22), "claude-code": (9, 18), "netto": (8, 20)}


@dataclass(frozen=True)
class Dated:
    """One conversation of the sample: its records, and when it began, in milliseconds since 1970."""

    title: str
    conversation: str
    begun: int
    records: tuple[Record, ...]


def conversations(now: int, zone: ZoneInfo, device: str) -> list[Dated]:
    """Every conversation up to `now`, earliest first, and the memory that the assistant keeps of them."""
    rng = random.Random(20)
    scenes = [play(script, case, rng) for script in _SCRIPTS for case in script.cases]
    rng.shuffle(scenes)
    scenes += [write(rng) for write in long.LONG]
    begun = [*_beginnings(scenes, now, zone, rng), *_mornings(now, zone, rng)]
    begun.sort(key=lambda pair: pair[0])
    dated = [_dated(number, scene, at, now, device, rng) for number, (at, scene) in enumerate(begun)]
    return [*dated, _memory(begun, now, zone)]


def _beginnings(scenes: Sequence[Scene], now: int, zone: ZoneInfo, rng: random.Random) -> Iterator[tuple[int, Scene]]:
    """A time for each scene: a few just now, the others more densely the later they are."""
    today = datetime.fromtimestamp(now / 1000, zone)
    lately = [scene for scene in reversed(scenes) if scene.hours is None][:LATELY]
    for number, scene in enumerate(lately):
        at = now - (20 + number * 130 + rng.randrange(60)) * 60_000
        yield (at if number == 0 else _awake(at, zone)), scene  # the first one is going on now, at any hour
    for scene in scenes:
        if scene in lately:
            continue
        back = 2 + int((rng.random() ** 1.4) * 30 * MONTHS)
        first, last = scene.hours or _HOURS[scene.source]
        day = (today - timedelta(days=back)).replace(hour=0, minute=0, second=0, microsecond=0)
        minute = rng.randrange(first * 60, last * 60)
        yield round((day + timedelta(minutes=minute)).timestamp() * 1000) + rng.randrange(60_000), scene


def _mornings(now: int, zone: ZoneInfo, rng: random.Random) -> Iterator[tuple[int, Scene]]:
    """Breakfasts, one a day at most."""
    today = datetime.fromtimestamp(now / 1000, zone)
    for number, back in enumerate(sorted(rng.sample(range(1, 30 * MONTHS), MORNINGS), reverse=True)):
        day = (today - timedelta(days=back)).replace(hour=0, minute=0, second=0, microsecond=0)
        at = day + timedelta(minutes=rng.randrange(6 * 60 + 10, 8 * 60))
        yield round(at.timestamp() * 1000), days.morning(number, day.month, rng)


def _awake(at: int, zone: ZoneInfo) -> int:
    """The same time, or hours earlier in the evening if nobody is awake then."""
    hour = datetime.fromtimestamp(at / 1000, zone).hour
    return at if 7 <= hour < 23 else at - (hour + 2) % 24 * 3_600_000


def _dated(number: int, scene: Scene, begun: int, now: int, device: str, rng: random.Random) -> Dated:
    """The records of one scene: a header, and each message some seconds or minutes after the one before."""
    native = f"demo-{number:04d}"
    name = conversation_id(scene.source, native)
    by = device if scene.source == "netto" else f"source:{scene.source}"
    gap = min(180_000, max(2_000, (now - begun - 60_000) // max(1, len(scene.turns))))
    source = {"app": scene.source, "format": _FORMATS[scene.source], "native_id": native, "agent": "main"}
    context = {"project": scene.project, "git": {"branch": "main"}} if scene.project else {}
    state = {"pinned": True} if rng.random() < 0.04 else {"archived": True} if rng.random() < 0.05 else {}
    about = About(title=scene.title, source={k: v for k, v in source.items() if v}, context=context, state=state)
    records = [mint(name, ABOUT, about, Stamp(to_instant(begun), 0, by))]
    at = begun
    parent: str | None = None
    for position, turn in enumerate(scene.turns):
        instant = to_instant(at)
        item = message_id(name, str(position))
        body = msgspec.structs.replace(turn, sent=Sent(at=instant), parent=parent)
        records.append(mint(name, item, body, Stamp(instant, 0, by)))
        parent = item
        at += rng.randrange(gap // 6, gap)
    return Dated(scene.title, name, begun, tuple(records))


def _memory(begun: Sequence[tuple[int, Scene]], now: int, zone: ZoneInfo) -> Dated:
    """The workspace of the assistant: one document a day, and one for what lasts."""
    notes: dict[str, list[str]] = defaultdict(list)
    for at, scene in begun:
        if scene.note and scene.source == "openclaw":
            notes[f"{datetime.fromtimestamp(at / 1000, zone):%Y-%m-%d}"].append(scene.note)
    about = About(
        title="Memory of main",
        source={"app": "openclaw", "format": WORKSPACE, "native_id": "demo", "agent": "main"},
    )
    records = [mint(WORKSPACE_CONVERSATION, ABOUT, about, Stamp(UNDATED, 0, WORKSPACE_BY))]
    written = [("MEMORY.md", HABITS, min(at for at, _ in begun))]
    for day, lines in sorted(notes.items()):
        evening = datetime.fromisoformat(day).replace(hour=22, minute=30, tzinfo=zone)
        text = f"# {day}\n\n" + "".join(f"- {line}\n" for line in lines)
        written.append((f"memory/{day}.md", text, min(round(evening.timestamp() * 1000), now - 60_000)))
    for path, text, at in written:
        stamp = Stamp(to_instant(at), 0, WORKSPACE_BY)
        records.append(mint(WORKSPACE_CONVERSATION, path, Document(path, text), stamp))
    return Dated(about.title, WORKSPACE_CONVERSATION, written[0][2], tuple(records))
