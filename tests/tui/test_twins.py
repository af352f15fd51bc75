"""The screens and the command line tell the same: what each pane draws, beside what its twin prints with `--json`."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.events import Paste
from textual.message import Message

from netto_tui.cli import run
from netto_tui.security.display import safe_line
from netto_tui.tui.app import NettoApp
from netto_tui.tui.panes.browse import BrowsePane
from netto_tui.tui.panes.recovery_lists import FOUND
from netto_tui.tui.screens.help import HelpScreen
from netto_tui.tui.screens.resolver import ResolverScreen
from netto_tui.tui.wording import STATES, check_words
from tests.tui import worlds
from tests.tui.conftest import Driven
from tests.tui.pictures import calm, shown
from tests.tui.test_pictures import locked
from tests.tui.vaults import NOW, talk
from tests.tui.worlds import LEAKED, VAULT, make

Twin = Callable[..., Any]


@pytest.fixture
def twin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Twin:
    """What a command prints, as `twin("list", "lisbon")`, by the clock of the app, on a disk that nobody fills."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "time_ns", lambda: NOW * 1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=2**38, used=2**37, free=2**36))

    def printed(*arguments: str) -> Any:
        capsys.readouterr()
        run(["--vault", str(VAULT), "--json", *arguments])
        return json.loads(capsys.readouterr().out)

    return printed


@asynccontextmanager
async def app() -> AsyncIterator[Driven]:
    """The app over the vault, wide enough for every column."""
    over = NettoApp(VAULT, now=lambda: NOW, sync=False)
    messages: list[Message] = []
    async with over.run_test(size=(200, 50), message_hook=messages.append) as pilot:
        driven = Driven(over, pilot, messages)
        await driven.until(lambda: over.main.is_filled)
        await calm(driven)
        yield driven


async def press(driven: Driven, *keys: str) -> None:
    """Press keys, each when the work of the one before is done."""
    for key in keys:
        await driven.pilot.press(key)
        await calm(driven)


def drawn(driven: Driven, selector: str) -> list[str]:
    """The lines that a widget draws, without empty ones; any number of spaces is one."""
    region = driven.app.screen.query_one(selector).region
    strips = driven.app.screen._compositor.render_strips()[region.y : region.bottom]
    lines = [strip.crop(region.x, region.right).text.strip("▌▏ ") for strip in strips]
    return [" ".join(line.split()) for line in lines if line.strip()]


def told(driven: Driven, selector: str) -> str:
    """All that a widget draws, as one line."""
    return " ".join(drawn(driven, selector))


def moment(instant: str) -> str:
    """An instant as the lists show it, in UTC."""
    return instant[:16].replace("T", " ")


def words(text: str, most: int = 400) -> str:
    """A text as it is drawn: safe, in one line, or the beginning of it."""
    return " ".join(safe_line(text).split())[:most]


async def test_browse_lists_what_list_prints(twin: Twin) -> None:
    make(worlds.troubled)
    printed = twin("list")["conversations"]
    async with app() as driven:
        lines = drawn(driven, "#list")[1:]
        assert len(lines) == len(printed) == driven.app.main.query_one(BrowsePane).entries.count
        for line, row in zip(lines, printed, strict=True):
            flags = ["?"] * (row["conflicts"] > 0) + ["s"] * row["secrets"] + ["*"] * ("pinned" in row["state"])
            title = " ".join([*flags, words(row["title"])])
            assert line.startswith(f"{moment(row['started'])} {title[:24].strip()}"), (line, title)
            assert f" {row['messages']} " in f"{line} "
            assert all(f"#{tag}" in line for tag in row["tags"]), (line, row["tags"])
        assert any(row["secrets"] for row in printed) and any(row["tags"] for row in printed)


async def test_browse_finds_and_reads_what_search_and_show_print(twin: Twin) -> None:
    make(worlds.troubled)
    found = twin("search", "lisbon")
    texts = {row["title"]: twin("show", row["conversation"])["messages"] for row in twin("list")["conversations"]}
    async with app() as driven:
        await press(driven, "slash")
        driven.app.post_message(Paste("lisbon"))
        await calm(driven)
        assert f"{found['total']} messages" in told(driven, "#search-bar")
        lines = drawn(driven, "#list")[1:]
        assert len(lines) == len(found["results"])
        for line, hit in zip(lines, found["results"], strict=True):
            assert line.startswith(f"{moment(hit['at'])} {hit['role']} {words(hit['snippet'])[:20]}")
        await press(driven, "enter", "escape")
        for title in ("Trip to Lisbon", "First deploy"):
            await press(driven, "g")
            while words(title) not in told(driven, "#reading-title"):
                await press(driven, "j")
            said, place = told(driven, "#transcript"), 0
            for message in texts[title]:
                role = {None: message["role"], "edit": "several versions", "edit-vs-delete": "deleted or edited?"}
                marks = [role[message["conflict"]], *(["s secret"] if message["secrets"] else [])]
                for part in (*marks, moment(message["at"]), *first_and_last_line(message["text"])):
                    assert part in said[place:], (part, said[place:])
                place = said.index(moment(message["at"]), place)
            assert LEAKED not in said and LEAKED not in json.dumps(texts)


def first_and_last_line(text: str) -> tuple[str, str]:
    """Lines of a message that no Markdown changes."""
    lines = [line for line in text.split("\n") if line and not line.startswith("```")]
    return words(lines[0]), words(lines[-1])


async def test_sync_shows_what_status_prints(twin: Twin) -> None:
    make(worlds.troubled)
    printed = twin("status", "--journal", "20")
    async with app() as driven:
        await press(driven, "2")
        lines = drawn(driven, "#stores")
        assert f"local vault ✓ in step {printed['conversations']}" in lines[1]
        assert f"Conflicts {printed['conflicts']}" in told(driven, "#header")
        assert [each["state"] for each in printed["replicas"]] == ["ok", "behind", "unreachable"]
        for line, each in zip(lines[2:], printed["replicas"], strict=True):
            letter, word, _ = STATES[each["state"]]
            behind = "?" if each["behind"] is None else each["behind"]
            assert line.startswith(f"{each['name']} {each['kind']} {letter} {word} {each['verified']} ")
            assert f" {each['pending']} {behind} {each['conflicts']} " in line
        journal = drawn(driven, "#journal")
        assert len(journal) == len(printed["journal"]) > 4
        for line, each in zip(journal, printed["journal"], strict=True):
            assert line.startswith(moment(each["at"])) and words(each["text"], 90) in line
            assert (each["replica"] or "") in line
        await press(driven, "G")
        assert words(printed["replicas"][-1]["error"], 60) in told(driven, "#store-detail")


async def test_the_resolver_shows_the_versions_that_conflicts_prints(twin: Twin) -> None:
    make(worlds.troubled)
    printed = twin("conflicts")["conflicts"]
    of = {title: [each for each in printed if each["title"] == title] for title in {each["title"] for each in printed}}
    async with app() as driven:
        await press(driven, "3")
        lines = drawn(driven, "#waiting")[1:]
        assert [line.split(" ? ")[0] for line in lines] == [
            str(len(each)) for each in sorted(of.values(), key=len)[::-1]
        ]
        for title, conflicts in of.items():
            line = next(line for line in lines if title in line)
            assert max(head["at"] for each in conflicts for head in each["heads"])[:10] in line
            assert (" x " in line) == any(each["kind"] == "edit-vs-delete" for each in conflicts)
        await press(driven, "enter")
        assert isinstance(driven.app.screen, ResolverScreen)
        text = told(driven, "#resolver-rows")
        for each in of["Trip to Lisbon"]:
            assert f"{each['message']} {'x' if each['kind'] == 'edit-vs-delete' else '?'} {each['role']}" in text
            assert f"base {each['base']}" in text
            for head in each["heads"]:
                assert head["column"] in told(driven, "#resolver-columns")
                assert all(word in text for word in (head["text"] or "deleted here").split()), head


async def test_recovery_previews_what_a_dry_run_of_restore_prints(twin: Twin) -> None:
    make(worlds.troubled)
    for file in VAULT.glob(f"sessions/**/{talk(4)[0]}.jsonl"):
        file.unlink()
    (VAULT / "index.db").unlink()
    previewed = twin("restore", "--from", "mirror", "--dry-run")
    async with app() as driven:
        await press(driven, "4", "j", "p")
        said = told(driven, "#recovery-text")
        counts = " · ".join(f"{what} {previewed[what]}" for what in ("add", "change", "remove", "keep"))
        assert f"would {counts}" in said and previewed["digest"][:16] in said
        assert previewed["add"] == len(previewed["items"]) == len(drawn(driven, "#recovery-items")) - 1 == 1
        assert "+ add" in drawn(driven, "#recovery-items")[1]


async def test_recovery_lists_the_finds_that_verify_prints(twin: Twin) -> None:
    make(worlds.troubled)
    titles = {row["conversation"]: row["title"] for row in twin("list")["conversations"]}
    async with app() as driven:
        await press(driven, "4", "v", "a")
        lines, said = drawn(driven, "#recovery-items")[1:], told(driven, "#recovery-text")
    printed = twin("verify")
    assert len(lines) == len(printed["finds"]) > 2
    for line, find in zip(lines, printed["finds"], strict=True):
        letter, word, _ = FOUND[find["kind"]]
        assert line.startswith(f"{find['store']} {letter} {word} ") and words(find["reason"], 30) in line
        assert words(titles.get(find["conversation"], ""), 20) in line
    for store in printed["replicas"]:
        name = "this device" if store["name"] == "local" else store["name"]
        assert f"{'✓' if store['ok'] else '✗'} {name}" in said
        if store["ok"]:
            assert store["digest"][:16] in said
        for what, many in (("damaged", store["corrupt"]), ("missing", store["missing"])):
            assert (f"{many} {what}" in said.split(name)[1]) if many else True


async def test_snapshots_drills_and_undo_points_are_those_that_their_commands_print(twin: Twin) -> None:
    make(worlds.history)
    snapshots, drills = twin("snapshots", "mirror")["snapshots"], twin("drill", "--history")["drills"]
    points = twin("undo", "--list")["points"]
    async with app() as driven:
        await press(driven, "4", "j", "s")
        lines = drawn(driven, "#snapshots")[1:]
        assert len(lines) == len(snapshots) > 4
        for line, each in zip(lines, snapshots, strict=True):
            changed = f"{each['changed']} conversation" if each["changed"] else "none"
            assert line.startswith(moment(each["at"])) and f" {each['id'][:10]} {each['by']} {changed}" in line
            assert words(each["message"], 60) in line
        await press(driven, "escape", "D")
        lines = drawn(driven, "#drills-past")[1:]
        assert len(lines) == len(drills) == 3
        for line, each in zip(lines, drills, strict=True):
            mark = "✓ well" if each["ok"] else "✗ failed"
            assert line.startswith(f"{moment(each['at'])} {each['name']} {mark} {words(each['detail'], 60)}")
        await press(driven, "escape", "u")
        lines = drawn(driven, "#points")[1:]
        assert len(lines) == len(points) == 1
        assert lines[0].startswith(moment(points[0]["at"]))


async def test_health_shows_every_check_that_health_prints(twin: Twin) -> None:
    make(worlds.troubled)
    printed = twin("health")
    async with app() as driven:
        await press(driven, "5", "g")
        seen: list[str] = []
        for _ in drawn(driven, "#checks")[1:]:
            seen.append(told(driven, "#health-detail"))
            await press(driven, "j")
        said = " ".join(seen)
        for each in printed["checks"]:
            assert f"{check_words(each['state']).plain[0]} {each['name']}: {words(each['detail'], 80)}" in said
            if each["state"] != "ok":
                assert words(each["remedy"], 40) in said
        look = sum(each["state"] == "warn" for each in printed["checks"])
        assert look and f"{look} to look at" in told(driven, "#health-summary")


async def test_locked_keys_are_told_by_health_as_keys_show_prints_it(twin: Twin) -> None:
    make(worlds.sealed)
    with locked():
        printed = twin("keys", "show")
        assert printed["state"] == "locked"
        async with app() as driven:
            await press(driven, "5")
            assert words(printed["error"], 60) in " ".join(shown(driven).split())


async def test_the_help_lists_the_keys_that_bindings_prints(twin: Twin) -> None:
    make(worlds.empty)
    printed = {each["id"]: each for each in twin("bindings")["bindings"]}
    async with app() as driven:
        ids = {active.binding.id for active in driven.app.screen.active_bindings.values() if active.binding.id}
        assert len(ids) > 20 and ids <= printed.keys()
        await press(driven, "question_mark")
        assert isinstance(driven.app.screen, HelpScreen)
        lines = [(keys, words) for group in driven.app.screen.groups.values() for keys, words, _ in group]
        for name in ids:
            each = printed[name]
            assert any(each["does"] == words for _, words in lines), each
