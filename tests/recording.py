"""Record how a conflict is resolved and a lost conversation comes back: `make recording`.

Writes screenshots/recording.svg: frames of the app itself over the sample vault, played by CSS alone. A row of
the terminal is stored once for as long as it stays the same, which keeps the file small.
"""

from __future__ import annotations

import asyncio
import html
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from tests.screenshots import LOST, TARGET, Step, driven_app, sample
from tests.tui.conftest import Driven
from tests.tui.pictures import aligned, calm

SIZE = (104, 28)
ROW, CELL = 24.4, 12.2
"""Height and width of a cell in what Rich draws."""

_RECT = re.compile(r'<rect fill="(#\w+)" x="([0-9.]+)" y="([0-9.]+)" width="([0-9.]+)"')
_TEXT = re.compile(r'<text class="([^"]+)" x="([0-9.]+)" y="([0-9.]+)" textLength="([0-9.]+)"[^>]*>([^<]*)</text>')
_RULE = re.compile(r"\.(terminal-[\w-]*r\d+) \{ ([^}]*?) ?\}")


@dataclass(frozen=True)
class Turn:
    """What is done next: a step, how long its result stays in seconds, and what is said below."""

    step: Step
    seconds: float
    says: str = ""


@dataclass
class Frames:
    """Everything that was on the screen: rows of SVG, when each frame begins, and what was said below."""

    rows: list[list[str]] = field(default_factory=list)
    begins: list[float] = field(default_factory=list)
    says: list[str] = field(default_factory=list)
    seconds: float = 0.0
    styles: dict[str, str] = field(default_factory=dict)

    def add(self, svg: str, seconds: float, says: str) -> None:
        """Take in what the app drew."""
        self.rows.append(self._rows(aligned(svg)))
        self.begins.append(self.seconds)
        self.says.append(says or (self.says[-1] if self.says else ""))
        self.seconds += seconds

    def _rows(self, svg: str) -> list[str]:
        names = {name: self._style(rule) for name, rule in _RULE.findall(svg)}
        rows = [""] * SIZE[1]
        for colour, x, y, width in _RECT.findall(svg):
            row = round((float(y) - 1.5) / ROW)
            if row < len(rows):
                rows[row] += f'<rect fill="{colour}" x="{x}" y="{row * ROW + 1.5:.1f}" width="{width}" height="24.7"/>'
        for name, x, y, length, text in _TEXT.findall(svg):
            row = round((float(y) - 20) / ROW)
            if name in names and row < len(rows) and text.strip("\xa0 ").replace("&#160;", ""):
                where = f'x="{x}" y="{row * ROW + 20:.1f}" textLength="{length}"'
                rows[row] += f'<text class="{names[name]}" {where}>{text}</text>'
        return rows

    def _style(self, rule: str) -> str:
        return self.styles.setdefault(rule, f"r{len(self.styles)}")

    def lanes(self) -> Iterator[tuple[str, float, float]]:
        """Each piece of a row or of what is said, with when it appears and goes."""
        captions = [_caption(each) for each in self.says]
        for lane in [*([rows[at] for rows in self.rows] for at in range(SIZE[1])), captions]:
            place = 0
            for content, same in groupby(lane):
                first, place = place, place + len(list(same))
                if content:
                    yield content, self.begins[first], (*self.begins, self.seconds)[place]


def _caption(text: str) -> str:
    where = f'x="{SIZE[0] * CELL / 2:.0f}" y="{SIZE[1] * ROW + 34:.0f}"'
    return f'<text class="says" {where}>{html.escape(text)}</text>' if text else ""


def animated(frames: Frames) -> str:
    """The whole as one SVG that plays for ever. A frame shows from when it begins; nothing is scripted."""
    width, height, total = SIZE[0] * CELL + 18, (SIZE[1] + 2) * ROW + 50, frames.seconds
    spans: dict[tuple[float, float], str] = {}
    pieces = []
    for content, begin, end in frames.lanes():
        if (begin, end) == (0.0, total):
            pieces.append(f"<g>{content}</g>")
        else:
            name = spans.setdefault((begin, end), f"s{len(spans)}")
            pieces.append(f'<g class="s {name}">{content}</g>')
    rules = [f".{name} {{ {rule} }}" for rule, name in frames.styles.items()]
    for (begin, end), name in spans.items():
        shown = f"{begin / total:.4%} {{ visibility: visible }} {end / total:.4%} {{ visibility: hidden }}"
        rules.append(f"@keyframes {name} {{ 0% {{ visibility: hidden }} {shown} }}")
        rules.append(f".{name} {{ animation-name: {name} }}")
    return "\n".join(
        (
            f'<svg viewBox="0 0 {width:.0f} {height:.0f}" xmlns="http://www.w3.org/2000/svg" role="img">',
            "<title>netto-tui: a conflict is resolved, then a lost conversation is restored</title>",
            "<style>",
            "text { font-family: 'Fira Code', 'DejaVu Sans Mono', monospace; font-size: 20px; white-space: pre }",
            ".says { font-family: sans-serif; fill: #e6e9ef; text-anchor: middle }",
            f".s {{ visibility: hidden; animation-duration: {total:.2f}s;",
            "  animation-iteration-count: infinite; animation-timing-function: step-end }",
            *rules,
            "</style>",
            f'<rect width="{width:.0f}" height="{height:.0f}" rx="8" fill="#292929"/>',
            '<circle cx="22" cy="20" r="7" fill="#ff5f57"/><circle cx="44" cy="20" r="7" fill="#febc2e"/>',
            '<circle cx="66" cy="20" r="7" fill="#28c840"/>',
            '<g transform="translate(9 41)">',
            *pieces,
            "</g></svg>\n",
        )
    )


RESOLVE = (
    Turn("3", 2.2, "3: what two devices wrote apart, and the versions beside each other"),
    Turn("enter", 2.6, "enter: word by word against what both began with"),
    Turn("1", 2.0, "1: take what this device wrote"),
    Turn("w", 3.0, "w: what will be written, before it is"),
    Turn("enter", 2.6, "written, read back and verified; every version stays in the history"),
)
RESTORE = (
    Turn("4", 2.2, "then a file of the vault is lost. 4: Recovery"),
    Turn("j", 0.8, "j: the Git replica"),
    Turn("p", 3.0, "p: what a restore from the Git replica would do; nothing is written yet"),
    Turn("enter", 2.6, "enter: what differs"),
    Turn("escape", 0.8, "esc: back"),
    Turn("R", 2.6, "R: says what it will do, and asks for the word"),
    *(Turn(letter, 0.15) for letter in "RESTORE"),
    Turn("enter", 3.5, "staged, read back, compared, and only then exchanged"),
)


async def play(driven: Driven, turns: Sequence[Turn], frames: Frames) -> None:
    """Do the turns, and take a frame after each."""
    for turn in turns:
        await (driven.pilot.press(turn.step) if isinstance(turn.step, str) else turn.step(driven))
        await calm(driven)
        driven.app._watch()
        await calm(driven)
        frames.add(driven.app.export_screenshot(), turn.seconds, turn.says)
        driven.app.clear_notifications()


async def record() -> Frames:
    """Resolve a conflict and restore a conversation in the sample after its accident."""
    frames = Frames()
    async with driven_app(LOST, SIZE, toasts=True) as driven:
        frames.add(driven.app.export_screenshot(), 2.0, "every conversation, by day")
        await play(driven, (*RESOLVE, *RESTORE), frames)
    return frames


def main() -> None:
    """Record, and say how large it became."""
    with sample():
        svg = animated(asyncio.run(record()))
    (TARGET / "recording.svg").write_text(svg)
    print(f"screenshots/recording.svg, {len(svg.encode()) // 1000} kB", file=sys.stderr)


if __name__ == "__main__":
    main()
