"""Text of every nasty kind, in every widget that shows foreign text."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.content import Content
from textual.geometry import Offset
from textual.selection import Selection
from textual.widget import Widget

from netto_tui.security.display import safe_display
from netto_tui.tui.widgets.columns import Column, fit, line
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.tui.widgets.transcript import Transcript
from netto_tui.vault.rows import MessageRow
from tests.tui.vaults import HOSTILE

NASTY = [
    "[/x]",
    "[@click=app.quit]x[/]",
    'a[b=c"]',
    "\x1b]52;c;aGk=\x07",
    "\x00\x01\x7f\x9b31m",
    "‮txt.exe",
    "👩‍👩‍👧‍👦 🇵🇹 ❤️ e\u0301\u0301\u0301",
    "\ud800",
    "```\n```\n```",
    "x" * 1_000_000,
    "word " * 200_000,
    "\n" * 20_000,
    "한국어 " * 5_000,
    "a\u0301" * 50_000,
    "\t" * 10_000,
    HOSTILE,
    "",
]


class One(App[None]):
    """An app with one widget."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget

    def compose(self) -> ComposeResult:
        yield self.widget


def message(text: str, role: str = "user", hidden: bool = False) -> MessageRow:
    return MessageRow("c", "m", "r", "message", role, text[:50], "2026-11-23T10:00:00.000Z", text, "", hidden, True)


def drawn(widget: Widget) -> str:
    """What is on the widget's lines now."""
    return "\n".join("".join(segment.text for segment in strip) for strip in widget.render_lines(widget.size.region))


async def scroll_through(texts: Sequence[str]) -> None:
    transcript = Transcript()
    app = One(transcript)
    async with app.run_test(size=(80, 24)) as pilot:
        transcript.show(
            listed([message(text, role=text[:9] or "user") for text in texts]), len(texts), terms=["word", "["]
        )
        transcript.focus()
        for key in ("j", "ctrl+d", "G", "k", "ctrl+u", "f", "space", "J", "g"):
            await pilot.press(key)
            shown = drawn(transcript)
            assert safe_display(shown) == shown
            assert all(
                strip.cell_length == transcript.size.width for strip in transcript.render_lines(transcript.size.region)
            )
        await pilot.resize_terminal(40, 20)
        assert safe_display(drawn(transcript)) == drawn(transcript)


async def test_a_transcript_shows_all_of_it_as_text() -> None:
    await scroll_through(NASTY)


@pytest.mark.parametrize("text", NASTY, ids=lambda text: ascii(text[:12]))
async def test_each_of_them_alone(text: str) -> None:
    await scroll_through([text])


async def test_a_list_shows_all_of_it_on_one_line_each() -> None:
    rows = RowList([Column[str]("", lambda text: text, 20), Column[str]("", lambda text: text)])
    async with One(rows).run_test(size=(80, 24)) as pilot:
        rows.show(listed(NASTY), len(NASTY))
        rows.focus()
        for key in ("j", "G", "k", "g"):
            await pilot.press(key)
            assert safe_display(drawn(rows)) == drawn(rows)
            assert drawn(rows).count("\n") == rows.size.height - 1


@given(st.text(st.characters(exclude_categories=()), max_size=80), st.integers(1, 60))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_cell_is_exactly_as_wide_as_its_column(text: str, width: int) -> None:
    assert fit(text, width).cell_length == width
    columns = [Column[str]("", lambda row: row, 10), Column[str]("", lambda row: row)]
    assert line(columns, text, width + 20).cell_length == width + 20


async def test_selected_text_is_what_is_shown_with_wrapped_lines_joined() -> None:
    transcript = Transcript()
    async with One(transcript).run_test(size=(40, 20)):
        text = "one two three four five six seven eight nine ten eleven\nsecond line \x1b[2J end"
        transcript.show(listed([message(text)]), 1)
        found = transcript.get_selection(Selection(Offset(0, 1), Offset(40, 4)))
        assert found is not None
        assert found[0].splitlines() == safe_display(text).splitlines()


async def test_text_is_selected_with_the_mouse() -> None:
    transcript = Transcript()
    app = One(transcript)
    async with app.run_test(size=(40, 20)) as pilot:
        transcript.show(listed([message("alpha beta gamma")]), 1)
        await pilot.pause()
        await pilot.mouse_down(transcript, offset=(8, 1))
        await pilot.hover(transcript, offset=(12, 1))
        await pilot.mouse_up(transcript, offset=(12, 1))
        await pilot.pause()
        assert app.screen.get_selected_text() is not None
        assert (app.screen.get_selected_text() or "").strip().startswith("beta")


def test_content_never_reads_markup() -> None:
    assert fit("[b]x[/b]", 8).plain == "[b]x[/b]"
    assert fit(Content("[/x]"), 6).plain == "[/x]  "
