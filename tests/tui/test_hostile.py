"""Text of every nasty kind, in every widget that shows foreign text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.color import Color
from textual.content import Content
from textual.geometry import Offset
from textual.reactive import reactive
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from netto_tui.security.display import UNSAFE, safe_display
from netto_tui.tui import border
from netto_tui.tui.app import NettoApp
from netto_tui.tui.screens.confirm import ConfirmScreen
from netto_tui.tui.widgets.columns import Column, fit, line
from netto_tui.tui.widgets.pages import listed
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.tui.widgets.transcript import Transcript
from netto_tui.vault.rows import MessageRow
from tests.payloads import OBEYED, PAYLOADS, hostile_vault, make_the_index_hostile
from tests.tui.conftest import Start
from tests.tui.vaults import HOSTILE
from tests.unit.vault.talks import some

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


@pytest.mark.parametrize("text", some(NASTY, 3), ids=lambda text: ascii(text[:12]))
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


@pytest.fixture
def crossed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the border had to take out of drawn lines: what some widget forgot to make safe."""
    found: list[str] = []
    before = border._quiet

    def note(segment: Segment) -> Segment:
        quiet = before(segment)
        if quiet.text != segment.text:
            found.append(segment.text)
        return quiet

    monkeypatch.setattr(border, "_quiet", note)
    return found


class Forgetful(Widget):
    """Draws foreign text as it is."""

    payload: reactive[str] = reactive("")

    def render_line(self, y: int) -> Strip:
        return Strip([Segment(f"end {self.payload}", Style(link="https://evil.example"))]).adjust_cell_length(40)


async def test_the_border_stops_what_a_widget_forgets(crossed: list[str]) -> None:
    app = NettoApp(Path("nowhere"), sync=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.screen.mount(widget := Forgetful())
        widget.styles.layer, widget.styles.dock, widget.styles.height = "top", "top", 1
        for name, payload in PAYLOADS.items():
            crossed.clear()
            widget.payload = payload
            await pilot.pause()
            lines = [strip for strip in app.screen._compositor.render_strips() if "end" in strip.text]
            assert lines, name
            assert bool(crossed) == bool(UNSAFE.search(payload)), name
            for strip in lines:
                assert not UNSAFE.search(strip.text), name
                assert not any(segment.style and segment.style.link for segment in strip), name
                assert strip.cell_length == 80, name


BACK = "escape"
WALK = [
    *("j", "j", "enter", "space", "f", "J", "v", "G", "ctrl+d", "y", "m", "m", "b"),
    *("i", "G", "y", "x", BACK, "g", "n", "Y", "o", BACK),
    *("slash", *"owned", "enter", "j", "enter", BACK, BACK),
    *("g", "space", "T", BACK, "E", BACK, "D", BACK, "d", BACK, BACK, "r", BACK, "Y"),
    *("2", "j", "G", "tab", "j", "y"),
    *("3", "j", "tab", "j", "shift+tab", "enter", "1", "j", "space", "2", "b", "n", "0", "v", "tab", "w", BACK, "q"),
    *("3", "A", "1", BACK, BACK, BACK),
    *("4", "j", "p", "v", "u", BACK, "D", BACK, BACK, BACK),
    *("5", "j", "j", "j", "y"),
    *("question_mark", BACK, "ctrl+p", *"owned", "down", BACK, "A", "enter", BACK),
]
"""Keys that lead through every section and screen; q leaves the resolver."""

SEEN = {
    "BrowsePane",
    "RecordScreen",
    "SyncPane",
    "ConflictsPane",
    "RecoveryPane",
    "HealthPane",
    "ResolverScreen",
    "HelpScreen",
}


@pytest.mark.parametrize(
    "size", some([(80, 24), (120, 40), (200, 50), (60, 15)], 4), ids=lambda size: f"{size[0]}x{size[1]}"
)
async def test_no_pane_forgets_any_field(
    size: tuple[int, int], start: Start, tmp_path: Path, crossed: list[str]
) -> None:
    path = tmp_path / "hostile"
    hostile_vault(path, 6).close()
    make_the_index_hostile(path)
    async with start(size=size, path=path) as driven:
        seen: set[str] = set()
        for key in WALK:
            if key == "q" and len(driven.app.screen_stack) == 1:
                continue  # it would end the app
            await driven.press(key)
            seen |= {type(driven.app.screen).__name__, type(driven.app.main.pane).__name__}
            drawn = "\n".join(strip.text for strip in driven.app.screen._compositor.render_strips())
            assert not OBEYED.search(drawn), (key, ascii(OBEYED.findall(drawn)[:3]))
            assert not crossed, (key, ascii(crossed[0]))
        assert driven.app.return_code is None, "nothing that was said has been done"
        assert seen >= SEEN, seen


async def test_a_job_that_falls_on_a_thread_is_logged_without_what_it_said(start: Start, vault_path: Path) -> None:
    def fall() -> None:
        words = "said in private"
        raise ValueError(words)

    async with start() as driven:
        driven.app.run_worker(fall, thread=True, exit_on_error=False, group="jobs")
        log = vault_path / "log" / "app.log"
        await driven.until(log.exists, "the error is logged")
        told = log.read_text()
        assert "builtins.ValueError" in told and "in fall" in told
        assert "private" not in told
        assert driven.app.return_code is None


async def test_toasts_and_questions_are_text(start: Start, crossed: list[str]) -> None:
    async with start() as driven:
        for name, payload in PAYLOADS.items():
            driven.app.clear_notifications()
            driven.app.main.notify(payload, title=payload)
            await driven.app.push_screen(ConfirmScreen(payload, payload, yes="Yes"))
            await driven.settle()
            drawn = "\n".join(strip.text for strip in driven.app.screen._compositor.render_strips())
            assert "Yes" in drawn and not OBEYED.search(drawn) and not crossed, name
            await driven.press("escape")


@given(st.lists(st.text(st.characters(exclude_categories=())), max_size=6))
def test_the_border_keeps_every_width_and_lets_nothing_pass(texts: list[str]) -> None:
    segments = [Segment(text) for text in texts]
    quiet = border.Border().apply(segments, Color(0, 0, 0))
    assert [segment.cell_length for segment in quiet] == [segment.cell_length for segment in segments]
    assert not any(UNSAFE.search(segment.text) for segment in quiet)
