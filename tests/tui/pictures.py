"""Pictures of one screen at three sizes, taken in one run of the app, beside those that were accepted before."""

from __future__ import annotations

import asyncio
import html
import inspect
import pickle
import re
import time
from difflib import unified_diff
from itertools import groupby

import pytest
from pytest_textual_snapshot import (
    PseudoApp,
    PseudoConsole,
    node_to_report_path,
    normalize_svg,
)
from rich.cells import cell_len, split_graphemes
from rich.console import Console
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation
from syrupy.types import SnapshotIndex
from textual.strip import Strip

from netto_tui.tui.messages import Answered
from tests.tui.conftest import Driven

SIZES = ((80, 24), (120, 40), (200, 50))

_CALM_SECONDS = 30.0
_TEXT = re.compile(r'<text [^>]*?x="([0-9.]+)"[^>]*?y="([0-9.]+)"[^>]*>([^<]*)</text>')
_CELL = 12.2
"""How wide a cell is in the pictures that Rich draws."""


class SizedPicture(SingleFileSnapshotExtension):
    """One SVG a size, called `test_picture[SCREEN-STATE-WxH].svg`."""

    _file_extension = "svg"
    _write_mode = WriteMode.TEXT

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: SnapshotIndex = 0) -> str:
        """The name of the test, with the size in the place of a number."""
        return f"{test_location.snapshot_name.removesuffix(']')}-{index}]"


class Pictures:
    """The accepted pictures of one test; what differs goes into the report of pytest-textual-snapshot too."""

    def __init__(self, snapshot: SnapshotAssertion, request: pytest.FixtureRequest) -> None:
        self._snapshot = snapshot.use_extension(SizedPicture)
        self._request = request

    def difference(self, size: tuple[int, int], svg: str) -> str:
        """What differs from the accepted picture, as text; "" where nothing does."""
        name, svg = f"{size[0]}x{size[1]}", normalize_svg(svg)
        same = self._snapshot(name=name) == svg
        done = list(self._snapshot.executions.values())[-1]
        before = done.final_data
        self._report(name, svg, same, None if before is None else str(before))
        if same:
            return ""
        if before is None:
            return f"{name}: there is no picture yet; --snapshot-update takes this one"
        lines = list(unified_diff(text_of(str(before)), text_of(svg), "accepted", "now", lineterm="", n=0))
        return f"{name}:\n" + ("\n".join(lines) or "the text is the same, colours or places are not")

    def _report(self, name: str, svg: str, same: bool, before: str | None) -> None:
        node = self._request.node
        path, line, test = node.reportinfo()
        size = Console(legacy_windows=False, force_terminal=True).size
        shown = (
            same, before or "", svg, PseudoApp(PseudoConsole(False, size)), path, line,
            f"{test} {name}", inspect.getdoc(node.function) or "", "", before is not None,
        )  # fmt: skip
        place = node_to_report_path(node)
        place.with_name(f"{place.name}_{name}").write_bytes(pickle.dumps(shown))


def text_of(svg: str) -> list[str]:
    """The lines of a picture, without the places of its pieces."""
    lines: dict[float, str] = {}
    for x, y, text in _TEXT.findall(svg):
        before = lines.get(float(y), "")
        gap = round(float(x) / _CELL) - cell_len(before)
        lines[float(y)] = before + " " * gap + html.unescape(text).replace("\xa0", " ")
    return [lines[y].rstrip() for y in sorted(lines)]


_PIECE = re.compile(r'<text (class="[^"]+") x="([0-9.]+)" (y="[0-9.]+") textLength="[0-9.]+" ([^>]*)>([^<]*)</text>')


def aligned(svg: str) -> str:
    """The same picture with every wide character at its own place: a browser spreads what a font draws wider."""
    return _PIECE.sub(_aligned_piece, svg)


def _aligned_piece(match: re.Match[str]) -> str:
    name, x, y, rest, text = match.groups()
    text = html.unescape(text)
    spans, width = split_graphemes(text)
    if width == len(text):
        return match[0]
    pieces, at = [], float(x)
    for is_wide, group in groupby(spans, lambda span: span[2] > 1):
        graphemes = list(group)
        for run in [[each] for each in graphemes] if is_wide else [graphemes]:
            said, cells = text[run[0][0] : run[-1][1]], sum(cells for _, _, cells in run)
            where = f'x="{at:g}" {y} textLength="{cells * _CELL:g}"'
            pieces.append(f"<text {name} {where} {rest}>{html.escape(said)}</text>")
            at += cells * _CELL
    return "".join(pieces)


def shown(driven: Driven) -> str:
    """Every letter on the screen, a line a row."""
    width = driven.app.size.width
    return "\n".join(strip.crop(0, width).text for strip in driven.app.screen._compositor.render_strips())


async def calm(driven: Driven, *, held: bool = False) -> None:
    """Wait until nothing goes on that changes the screen: no thread, no short timer, no question to the index.

    held: a thread waits until the test is done, so no thread is waited for.
    """
    before: list[Strip] | None = None
    end = time.monotonic() + _CALM_SECONDS
    while time.monotonic() < end:
        await driven.pilot.pause()
        now = None if _is_busy(driven, held) else driven.app.screen._compositor.render_strips()
        if now is not None and now == before:
            return
        before = now
        await asyncio.sleep(0.03)
    pytest.fail(f"the screen does not come to rest:\n{shown(driven)}")


def _is_busy(driven: Driven, held: bool) -> bool:
    app = driven.app
    if not held and any(worker._thread_worker and not worker.is_finished for worker in app.workers):
        return True
    if app.inquiry is not None and app.inquiry._serial:
        answers = (m for m in reversed(driven.messages) if isinstance(m, Answered))
        if not any(m.serial == app.inquiry._serial and (m.days is not None or m.error) for m in answers):
            return True
    nodes = [node for screen in app.screen_stack for node in screen.walk_children(with_self=True)]
    timers = [timer for node in (app, *nodes) for timer in node._timers]
    return any(t._repeat == 0 and t._interval < 1 and t._task is not None and not t._task.done() for t in timers)
