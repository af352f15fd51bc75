"""Reading one conversation: Markdown, folds, branches, files, records, matches, copying, other programs."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from netto_tui.cli import run
from netto_tui.model.blobs import externalize
from netto_tui.model.clock import to_instant, to_ms
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import (
    ABOUT,
    About,
    Attachment,
    Message,
    Part,
    Record,
    Role,
    Sent,
    Stamp,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    mint,
)
from netto_tui.security.display import safe_display
from netto_tui.tui.app import NettoApp
from netto_tui.tui.panes.reading import Reading
from netto_tui.tui.screens.ask import AskScreen
from netto_tui.tui.screens.attachments import AttachmentsScreen
from netto_tui.tui.screens.record import RecordScreen
from netto_tui.tui.widgets.transcript import Transcript
from netto_tui.vault.records import file_name
from netto_tui.vault.rows import FileRow
from netto_tui.vault.vault import Vault
from tests.tui.conftest import Driven, Start
from tests.tui.test_contrast import THEMES, faint
from tests.tui.vaults import HOSTILE, MINUTE, NOW

NAME = conversation_id("chatgpt", "rich")
BEGUN = to_ms("2026-11-23T08:00:00.000Z")
PNG = b"\x89PNG not really\n" * 40
PNG_NAME = hashlib.sha256(PNG).hexdigest()
LOST_NAME = hashlib.sha256(b"lost").hexdigest()
TOKEN = "".join(("Qr7vXe2L", "mN9pTz4W"))
LONG = "The whole of it. " * 20_000
RICH = """\
# Plan

A **small** machine is *enough*; see [the docs](https://example.com/a) and `parse()`.

| step | minutes |
| :--- | ---: |
| 読む | 5 |
| write | 120 |

- first
  1. nested

> quoted

```python
@cache
def parse(line: str) -> list[str]:
    return line.split("a", 1)  # and more
```
"""


def item(name: str) -> str:
    return message_id(NAME, name)


def said(
    name: str, role: Role, parts: tuple[Part, ...] | str, minute: int, parent: str | None, *, hidden: bool = False
) -> tuple[Record, dict[str, bytes]]:
    at = to_instant(BEGUN + minute * MINUTE)
    content = (Text(parts),) if isinstance(parts, str) else parts
    whole = Message(
        role,
        content,
        sent=Sent(at=at),
        parent=item(parent) if parent else None,
        native={"hidden": True} if hidden else {},
    )
    body, blobs = externalize(whole)
    return mint(NAME, item(name), body, Stamp(at, 0, "chatgpt")), blobs


def rich_records() -> tuple[list[Record], dict[str, bytes]]:
    """A conversation with everything in it; its third question was asked twice, and the second one is active."""
    files = (
        Text("Look at these."),
        Attachment(name="../chart.png", media_type="image/png", bytes=len(PNG), blob=PNG_NAME),
        Attachment(name="old.pdf", media_type="application/pdf", bytes=4, blob=LOST_NAME),
        Attachment(name="page.html", native_ref="https://example.com", availability="external"),
    )
    work = (
        Thinking(text="First I look.\nThen I count.\nThen I answer."),
        Text(RICH),
        ToolCall(name="Bash", call_id="1", arguments={"command": f"API_TOKEN={TOKEN} make test", "timeout": 5}),
    )
    result = (ToolResult(call_id="1", name="Bash", output=(Text("ok\n" * 30),)),)
    told = [
        said("1", "user", "Make a plan.", 0, None),
        said("2", "assistant", work, 1, "1"),
        said("3", "tool", result, 2, "2"),
        said("4", "user", files, 3, "3"),
        said("5", "assistant", "Here is one.", 4, "4"),
        said("6a", "user", "Make it shorter.", 5, "5"),
        said("7a", "assistant", "The short plan.", 6, "6a"),
        said("6b", "user", "Make it longer.", 7, "5"),
        said("7b", "assistant", "The long plan, first try.", 8, "6b"),
        said("7c", "assistant", "The long plan, second try.", 9, "6b"),
        said("8", "user", LONG, 10, "7c"),
    ]
    about = About(title="Everything", source={"app": "chatgpt"}, state={"leaf": item("8")})
    records = [mint(NAME, ABOUT, about, Stamp(to_instant(BEGUN), 0, "chatgpt")), *(record for record, _ in told)]
    blobs = {PNG_NAME: PNG}
    for _, more in told:
        blobs |= more
    return records, blobs


@pytest.fixture
def rich(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vault with that conversation alone."""
    monkeypatch.chdir(tmp_path)
    path = Path("rich")
    with Vault.create(path, device="laptop", zone="UTC", vault_id="v_" + "0" * 32, now=lambda: NOW) as vault:
        vault.add(*rich_records())
    return path


def reading(driven: Driven) -> Reading:
    return driven.app.main.query_one(Reading)


def shown(driven: Driven) -> str:
    """What the transcript draws now."""
    transcript = driven.app.screen.query_one(Transcript)
    return "\n".join(strip.text.replace("▌", " ").rstrip() for strip in transcript.render_lines(transcript.size.region))


def at(driven: Driven) -> str:
    """The message under the cursor."""
    row = reading(driven).transcript.selected
    return row.item if row is not None else ""


async def go_to(driven: Driven, name: str) -> None:
    """Put the cursor on a message that is shown."""
    view = reading(driven).branches
    assert view is not None
    reading(driven).transcript.go_to(view.position(item(name)))
    await driven.settle()


async def test_markdown_is_drawn_and_m_shows_what_was_written(start: Start, rich: Path) -> None:
    async with start(path=rich) as driven:
        await driven.press("enter", "J")
        drawn = shown(driven)
        assert "A small machine is enough; see the docs\n  (https://example.com/a) and parse()." in drawn
        assert "step  │ minutes" in drawn and "読む  │       5" in drawn and "write │     120" in drawn
        assert "• first\n    1. nested" in drawn and "▎ quoted" in drawn
        assert "```" not in drawn
        await driven.press("m")
        assert "A **small** machine is *enough*; see [the" in shown(driven) and "```python" in shown(driven)
        await driven.press("m")
        assert shown(driven) == drawn


async def test_thoughts_and_tools_are_folded_with_a_count(start: Start, rich: Path) -> None:
    async with start(size=(160, 50), path=rich) as driven:
        await driven.press("enter", "J")
        assert "▸ thinking  First I look. Then I count. Then I answer.  3 lines" in shown(driven)
        assert "▸ Bash  API_TOKEN=‹token› make test  2 lines" in shown(driven)
        assert "▸ tool  Bash  ok ok" in shown(driven)
        await driven.press("space")
        assert "▾ thinking\n    First I look." in shown(driven)
        assert "timeout: 5" in shown(driven) and "▸ tool" in shown(driven)
        await driven.press("space", "f")
        assert "timeout: 5" in shown(driven) and "▾ Bash" in shown(driven) and "▸" not in shown(driven)


async def test_a_secret_is_masked_in_every_part_until_x(start: Start, rich: Path) -> None:
    async with start(size=(160, 50), path=rich) as driven:
        await driven.press("enter", "f", "J")
        assert TOKEN not in shown(driven)
        await driven.press("x")
        assert f"command: API_TOKEN={TOKEN} make test" in shown(driven)
        await driven.press("x")
        assert TOKEN not in shown(driven)


async def test_b_shows_another_branch_and_changes_nothing_that_is_stored(start: Start, rich: Path) -> None:
    async with start(size=(160, 60), path=rich) as driven:
        await driven.press("enter")
        pane = reading(driven)
        assert pane.transcript.pages.count == 8
        assert "user  branch 2/2 (b)" in shown(driven) and "Make it shorter." not in shown(driven)
        await go_to(driven, "7c")
        await driven.press("b")
        assert "The long plan, first try." in shown(driven) and "second try" not in shown(driven)
        assert pane.transcript.selected and pane.transcript.selected.fork == (1, 2)
        await driven.press("K", "B")
        assert "Make it shorter." in shown(driven) and "The short plan." in shown(driven)
        assert pane.transcript.pages.count == 7
        await driven.press("J", "b")  # from below, the last fork above is meant
        assert "Make it longer." in shown(driven) and "first try" in shown(driven)
        assert driven.app.reader is not None
        assert driven.app.reader.last_item(NAME) == item("8")


async def test_folds_branches_and_files_open_with_the_mouse(start: Start, rich: Path) -> None:
    async with start(size=(160, 60), path=rich) as driven:
        await driven.press("enter")
        transcript = reading(driven).transcript

        async def click(words: str) -> None:
            lines = shown(driven).split("\n")
            y = next(y for y, line in enumerate(lines) if words in line)
            await driven.pilot.click(transcript, offset=(lines[y].index(words), y))
            await driven.settle()

        await click("▸ thinking")
        assert "Then I count." in shown(driven) and "▾ Bash" in shown(driven)
        await click("▾ thinking")
        assert "▸ thinking" in shown(driven)
        await click("▸ tool")
        assert "▾ Bash" in shown(driven)
        await click("▾ Bash")
        await click("assistant")
        assert transcript.selected and transcript.selected.role == "assistant"
        await click("branch 2/2")
        assert "Make it shorter." in shown(driven)
        await click("▪ ../chart.png")
        assert isinstance(driven.app.screen, AttachmentsScreen)


async def test_a_conversation_with_one_branch_says_so(start: Start) -> None:
    async with start() as driven:
        await driven.press("enter", "b")
        assert "one branch" in driven.toasts[-1]


async def test_a_match_on_another_branch_is_shown_on_it(start: Start, rich: Path) -> None:
    async with start(path=rich) as driven:
        await driven.press("slash", *"shorter")
        await driven.until(lambda: driven.app.main.pane.query_one(Input).value == "shorter")
        await driven.until(lambda: reading(driven).transcript.pages.count == 7, "the other branch is shown")
        assert at(driven) == item("6a")


async def test_files_are_listed_and_saved_where_a_person_says(start: Start, rich: Path) -> None:
    async with start(size=(160, 50), path=rich) as driven:
        await driven.press("enter")
        assert "▪ ../chart.png  image/png · 640 B · in the vault" in shown(driven)
        assert "▪ old.pdf  application/pdf · 4 B · not here" in shown(driven)
        await go_to(driven, "4")
        await driven.press("o")
        assert isinstance(driven.app.screen, AttachmentsScreen)
        await driven.press("enter")
        asked = driven.app.screen.query_one(Input)
        assert asked.value == str(Path.cwd() / "chart.png"), "a name from a source leads into no other folder"
        await driven.press("enter")
        await driven.until(lambda: Path("chart.png").exists())
        await driven.until(lambda: "Saved 640 B" in driven.toasts[-1])
        assert Path("chart.png").read_bytes() == PNG
        assert stat.S_IMODE(Path("chart.png").stat().st_mode) == 0o600
        await driven.press("enter", "enter")
        await driven.until(lambda: "is there already" in driven.toasts[-1])
        await driven.press("j", "enter")
        assert "cannot be saved: not here" in driven.toasts[-1]
        await driven.press("escape", "g", "o")
        assert driven.toasts[-1] == "This message has no files."


async def test_the_record_shows_every_revision_with_its_head_and_its_maker(start: Start, vault_path: Path) -> None:
    async with start(size=(120, 60)) as driven:
        await driven.press("enter", "J", "J", "i")
        assert isinstance(driven.app.screen, RecordScreen)
        await driven.until(lambda: driven.app.screen.query_one(Transcript).pages.count == 3)
        assert "head  message by desk, from github" in shown(driven)
        assert '"text": "Make it four days and add Cascais."' in shown(driven)
        await driven.press("y")
        assert '"head": true' in driven.app.clipboard
        await driven.press("G", "y")
        assert '"head": false' in driven.app.clipboard and '"by": "claude-code"' in driven.app.clipboard
        await driven.press("escape")
        assert len(driven.app.screen_stack) == 1


async def test_a_record_masks_secrets_until_x(start: Start, rich: Path) -> None:
    async with start(path=rich) as driven:
        await driven.press("enter", "J", "i")
        await driven.until(lambda: driven.app.screen.query_one(Transcript).pages.count == 1)
        await driven.press("y")
        assert TOKEN not in driven.app.clipboard and "‹token›" in driven.app.clipboard
        await driven.press("x", "y")
        assert TOKEN in driven.app.clipboard


async def test_n_walks_the_matches_and_says_which_of_how_many(start: Start, rich: Path) -> None:
    async with start(path=rich) as driven:
        await driven.press("enter", "n")
        assert "Search for something first" in driven.toasts[-1]
        await driven.press("escape", "slash", *"make")
        await driven.until(lambda: driven.app.main.pane.query_one(Input).value == "make")
        await driven.press("enter", "enter", "g")
        title = reading(driven).query_one("#reading-title")
        await driven.press("n")
        await driven.until(lambda: "match 2/3" in str(title.render()), "the second one")
        assert "▾ Bash" in shown(driven) and "‹token› make test" in shown(driven), "what hides it is unfolded"
        assert at(driven) == item("2")
        await driven.press("n")
        await driven.until(lambda: "match 3/3" in str(title.render()))
        await driven.press("n")
        assert "No more matches of 3" in driven.toasts[-1]
        await driven.press("N", "N")
        await driven.until(lambda: "match 1/3" in str(title.render()))


async def test_selected_words_are_copied_as_they_were_written(start: Start, rich: Path) -> None:
    async with start(size=(160, 50), path=rich) as driven:
        await driven.press("enter")
        transcript = reading(driven).transcript
        lines = shown(driven).split("\n")
        plan = next(y for y, line in enumerate(lines) if line.endswith("Plan"))
        await driven.pilot.mouse_down(transcript, offset=(2, plan))
        await driven.pilot.hover(transcript, offset=(20, plan + 2))
        await driven.pilot.mouse_up(transcript, offset=(20, plan + 2))
        await driven.press("y")
        assert driven.app.clipboard.startswith("# Plan\n\nA **small** machine")
        await driven.press("escape")
        await driven.pilot.click(transcript, offset=(6, plan + 2), times=2)
        await driven.press("y")
        assert driven.app.clipboard == "small"
        await driven.press("Y")
        assert driven.app.clipboard == f"{NAME}#{item('2')}"


PROGRAM = """
import os, stat, sys
file = open(sys.argv[2], "rb") if len(sys.argv) > 2 else sys.stdin.buffer
mode = oct(stat.S_IMODE(os.stat(sys.argv[2]).st_mode)) if len(sys.argv) > 2 else ""
open(sys.argv[1], "wb").write(mode.encode() + file.read() + str(os.environ.get("NETTO_KEY")).encode())
"""


@contextmanager
def handed(_: NettoApp) -> Iterator[None]:
    yield


async def test_messages_go_to_the_pager_and_conversations_to_the_editor_harmless_and_masked(
    start: Start, rich: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, result = tmp_path / "program.py", tmp_path / "result"
    program.write_text(PROGRAM)
    for name in ("PAGER", "EDITOR"):
        monkeypatch.setenv(name, f"{sys.executable} {program} {result}")
    monkeypatch.setenv("NETTO_KEY", "secret")
    monkeypatch.setattr(NettoApp, "suspend", handed)
    async with start(path=rich) as driven:
        await driven.press("enter", "J", "v")
        await driven.until(result.exists)
        text = result.read_text()
        assert "A **small** machine" in text and "‹token›" in text and TOKEN not in text and text.endswith("None")
        result.unlink()
        await driven.press("G", "y")
        await driven.until(lambda: driven.app.clipboard.startswith(LONG), "all of it is copied")
        await driven.press("v")
        await driven.until(result.exists)
        assert result.read_text().startswith(LONG), "also what lies beside the record"
        result.unlink()
        await driven.press("e")
        await driven.until(result.exists)
        text = result.read_text()
        assert text.count("The whole of it.") == 20_000
        assert text.startswith("0o400# Everything") and "second try" in text and "first try" not in text
        assert TOKEN not in text
        await driven.until(lambda: not list((rich / "drafts").iterdir()), "nothing of it is left")
        monkeypatch.setenv("PAGER", "no-such-pager")
        await driven.press("V")
        await driven.until(lambda: "No pager was found" in driven.toasts[-1])


async def test_what_is_read_keeps_its_place_when_the_terminal_changes(start: Start, rich: Path) -> None:
    async with start(size=(120, 24), path=rich) as driven:
        await driven.press("enter", "G", "ctrl+u", "ctrl+u", "ctrl+u")
        transcript = reading(driven).transcript
        index, inside = transcript._passages.at(transcript.scroll_offset.y)
        passage = transcript._passages.passage(index)
        assert passage is not None and inside > 2
        place = passage.line(inside).begin
        await driven.pilot.resize_terminal(90, 24)
        await driven.settle()
        anchor = transcript._passages.anchor(transcript.scroll_offset.y)
        assert anchor.index == index and abs(anchor.place - place) < 100


async def test_a_conversation_that_grows_is_followed_at_its_end_only(start: Start, vault_path: Path) -> None:
    async with start() as driven:
        await driven.press("enter")
        transcript = reading(driven).transcript
        await driven.until(lambda: transcript.pages.count == 5)

        def grow(name: str) -> None:
            from netto_tui.vault import writing

            with Vault.open(vault_path, now=lambda: NOW) as vault:
                conversation = transcript.selected.conversation if transcript.selected else ""
                writing.log(vault, conversation, "user", "more " * 400 + name)

        await driven.press("J")
        grow("first")
        await driven.until(lambda: transcript.pages.count == 6)
        assert transcript.cursor == 1
        await driven.press("G")
        grow("second")
        await driven.until(lambda: transcript.pages.count == 7)
        assert transcript.cursor == 6 and transcript.is_at_end


async def test_the_command_line_tells_the_same_of_a_message_as_the_screens(
    start: Start, rich: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--vault", str(rich), "--json", "show", NAME, item("4")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert run(["--vault", str(rich), "show", NAME, item("4"), "--save", "1", "by-command.png"]) == 0
    async with start(path=rich) as driven:
        await driven.press("enter")
        await go_to(driven, "4")
        await driven.press("i")
        await driven.until(lambda: driven.app.screen.query_one(Transcript).pages.count == 1)
        await driven.press("y", "escape", "o")
        assert document["revisions"] == [json.loads(driven.app.clipboard)]
        assert isinstance(driven.app.screen, AttachmentsScreen)
        rows = driven.app.screen.rows
        assert [(number, row.name, row.bytes, row.state, row.path) for number, row in enumerate(rows, 1)] == [
            (file["number"], file["name"], file["bytes"], file["state"], file["path"] or "")
            for file in document["files"]
        ]
        await driven.press("s")
        await driven.until(lambda: isinstance(driven.app.screen, AskScreen))
        await driven.press("enter")
        await driven.until(Path("chart.png").exists)
        await driven.settle()
        assert Path("chart.png").read_bytes() == Path("by-command.png").read_bytes() == PNG


async def test_hostile_names_of_files_are_drawn_as_text(start: Start) -> None:
    async with start() as driven:
        row = FileRow("/parts/0", HOSTILE, HOSTILE, 3, "", "missing", "", (HOSTILE,))
        await driven.app.push_screen(AttachmentsScreen([row, replace(row, state="lost")]))
        await driven.settle()
        drawn = "\n".join(strip.text for strip in driven.app.screen._compositor.render_strips())
        assert "Files of this message" in drawn and safe_display(drawn) == drawn
        assert (
            not re.search(r"[/\x00-\x1f\x1b]|^[.-]", file_name(f"../../{HOSTILE}")) and file_name("..") == "attachment"
        )


async def test_all_that_is_drawn_of_a_conversation_can_be_read(start: Start, rich: Path) -> None:
    async with start(size=(200, 60), path=rich) as driven:
        for keys in (("enter",), ("f",), ("m",), ("J", "i"), ("escape", "f", "J", "J", "o")):
            await driven.press(*keys)
            for theme in THEMES:
                driven.app.theme = theme
                await driven.pilot.pause()
                assert list(faint(driven.app.screen)) == [], (keys, theme)
