"""Daily memory files: rendered for people, and what people change in them is never lost."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netto_tui.model.clock import local_day, to_instant, to_ms
from netto_tui.model.conversation import body_text
from netto_tui.model.revision import Record
from netto_tui.vault import memory, writing
from netto_tui.vault.daybook import _next_day
from netto_tui.vault.vault import Vault
from tests.unit.vault.talks import Time, bodies, new_vault, scratch

DAY = "2026-11-23"


def path_of(vault: Vault, day: str = DAY) -> Path:
    return vault.path / "memory" / f"{day}.md"


def text_of(vault: Vault, day: str = DAY) -> str:
    return path_of(vault, day).read_bytes().decode()


def change(vault: Vault, old: str, new: str, day: str = DAY) -> None:
    """What a person does with an editor."""
    text = text_of(vault, day)
    assert old in text
    write(vault, text.replace(old, new).encode(), day)


def write(vault: Vault, data: bytes, day: str = DAY) -> None:
    """Save a file, seen to be later than the one before."""
    path = path_of(vault, day)
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def said(vault: Vault, record: Record) -> str:
    return body_text(vault.item(record.rev.conversation, record.rev.item).value.body)


def notes(vault: Vault, day: str = DAY) -> str:
    return body_text(vault.item(vault.notes, f"memory/{day}.md").value.body)


def test_a_day_reads_like_a_page(vault: Vault, time: Time) -> None:
    record = writing.log(vault, None, "user", "What shall we plant?", title="Garden", author="Ada")
    time.pass_minutes(5)
    writing.log(vault, record.rev.conversation, "assistant", "Beans.\n\nAnd peas.")
    assert memory.refresh(vault) == []
    lines = [line for line in text_of(vault).splitlines() if line and not line.startswith("<!--")]
    assert lines[0] == f"# {DAY}"
    assert lines[1].startswith("## Garden <!-- c_")
    assert lines[2:] == ["**Ada** · 12:00", "What shall we plant?", "**assistant** · 12:05", "Beans.", "And peas."]


def test_rendering_again_changes_no_byte_and_no_record(vault: Vault) -> None:
    writing.log(vault, None, "user", "hello")
    memory.refresh(vault)
    before, mtime, records = text_of(vault), path_of(vault).stat().st_mtime_ns, bodies(vault)
    assert memory.refresh(vault) == []
    assert (text_of(vault), path_of(vault).stat().st_mtime_ns, bodies(vault)) == (before, mtime, records)


def test_an_edit_becomes_a_revision(vault: Vault) -> None:
    record = writing.log(vault, None, "user", "Beans are red.")
    memory.refresh(vault)
    change(vault, "Beans are red.", "Beans are\ngreen.")
    assert memory.refresh(vault) == []
    assert said(vault, record) == "Beans are\ngreen."
    item = vault.item(record.rev.conversation, record.rev.item)
    assert item.value.record.rev.replaces == (record.id,)
    assert item.value.record.rev.by == vault.device
    assert "Beans are\ngreen." in text_of(vault)
    assert len(item.records) == 2
    memory.refresh(vault)
    assert len(vault.item(record.rev.conversation, record.rev.item).records) == 2


def test_an_edit_of_an_old_page_stands_beside_what_was_said_since(vault: Vault) -> None:
    record = writing.log(vault, None, "user", "one")
    memory.refresh(vault)
    old = text_of(vault)
    writing.edit(vault, record.rev.conversation, record.rev.item, "two")
    write(vault, old.replace("\none\n", "\nthree\n").encode())
    memory.refresh(vault)
    item = vault.item(record.rev.conversation, record.rev.item)
    assert sorted(body_text(version.body) for version in item.versions) == ["three", "two"]
    assert item.conflict == "edit"


def test_saving_an_old_page_unchanged_takes_nothing_back(vault: Vault) -> None:
    record = writing.log(vault, None, "user", "one")
    memory.refresh(vault)
    old = text_of(vault)
    writing.edit(vault, record.rev.conversation, record.rev.item, "two")
    memory.refresh(vault)
    write(vault, old.encode())
    memory.refresh(vault)
    assert said(vault, record) == "two"
    assert "two" in text_of(vault)


def test_words_outside_of_every_block_become_the_days_notes(vault: Vault) -> None:
    writing.log(vault, None, "user", "hello")
    memory.refresh(vault)
    write(vault, text_of(vault).encode() + b"\nBuy seeds.\n\n- beans\n")
    memory.refresh(vault)
    assert notes(vault) == "Buy seeds.\n\n- beans"
    change(vault, "- beans", "- beans\n- peas")
    write(vault, b"First thing.\n" + text_of(vault).encode())
    memory.refresh(vault)
    assert notes(vault) == "Buy seeds.\n\n- beans\n- peas\n\nFirst thing."
    assert text_of(vault).count("First thing.") == 1
    records = bodies(vault)
    memory.refresh(vault)
    assert bodies(vault) == records


def test_a_page_that_a_person_begins_becomes_notes(vault: Vault) -> None:
    write(vault, b"# 2026-11-20\n\nA quiet day.\n", "2026-11-20")
    memory.refresh(vault)
    assert notes(vault, "2026-11-20") == "A quiet day."
    assert "A quiet day." in text_of(vault, "2026-11-20")


def test_a_crash_after_taking_a_page_over_doubles_nothing(vault: Vault) -> None:
    record = writing.log(vault, None, "user", "one")
    memory.refresh(vault)
    change(vault, "\none\n", "\nuno\n")
    write(vault, text_of(vault).encode() + b"\nBuy seeds.\n")
    page = path_of(vault).read_bytes()
    memory.absorb(vault)
    assert path_of(vault).read_bytes() == page
    memory.refresh(vault)
    assert notes(vault) == "Buy seeds."
    item = vault.item(record.rev.conversation, record.rev.item)
    assert (body_text(item.value.body), item.conflict) == ("uno", "")


@pytest.mark.parametrize("gone", ["block", "all", "file"])
def test_what_vanishes_from_a_page_is_kept_and_told(vault: Vault, gone: str) -> None:
    records = [writing.log(vault, None, "user", text) for text in ("one", "two")]
    memory.refresh(vault)
    page = text_of(vault)
    if gone == "file":
        path_of(vault).unlink()
    else:
        kept = page[: page.index(f"<!-- {records[1].rev.item}")] if records[1].rev.item in page else page
        write(vault, b"" if gone == "all" else kept.encode())
    (alert,) = memory.refresh(vault)
    assert "netto-tui delete" in alert
    assert text_of(vault) == page
    assert [said(vault, record) for record in records] == ["one", "two"]
    assert memory.refresh(vault) == []


def test_a_page_with_windows_line_ends_and_mark_is_the_same_page(vault: Vault) -> None:
    record = writing.log(vault, None, "user", "one\ntwo", title="Lines")
    memory.refresh(vault)
    before = bodies(vault)
    write(vault, b"\xef\xbb\xbf" + text_of(vault).replace("\n", "\r\n").encode())
    assert memory.refresh(vault) == []
    assert bodies(vault) == before
    assert said(vault, record) == "one\ntwo"
    write(vault, text_of(vault).replace("two", "three").replace("\n", "\r\n").encode())
    memory.refresh(vault)
    assert said(vault, record) == "one\nthree"


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_page_that_is_not_utf8_goes_to_quarantine_and_is_made_again(vault: Vault, encoding: str) -> None:
    writing.log(vault, None, "user", "Grüße")
    memory.refresh(vault)
    before, page = bodies(vault), text_of(vault)
    data = page.replace("·", "-").encode(encoding)
    write(vault, data)
    (alert,) = memory.refresh(vault)
    assert "quarantine" in alert
    assert text_of(vault) == page
    assert bodies(vault) == before
    assert data in [path.read_bytes() for path in vault.quarantine.path.glob("*.bin")]


def test_a_change_of_a_message_that_is_not_here_is_kept_aside_and_told(vault: Vault) -> None:
    writing.log(vault, None, "user", "mine")
    memory.refresh(vault)
    with scratch() as folder, new_vault(folder / "other") as other:
        writing.log(other, None, "user", "theirs")
        memory.refresh(other)
        foreign = text_of(other)
    write(vault, foreign.encode() + text_of(vault).replace("mine", "ours").encode())
    (alert,) = memory.refresh(vault)
    assert "quarantine" in alert
    assert "ours" in text_of(vault)
    kept = [path.read_text() for path in vault.quarantine.path.glob("*.bin")]
    assert any("theirs" in text for text in kept)


@pytest.mark.parametrize("name", ["2026-99-99.md", "9999-12-31.md", "0001-01-01.md", "2026-11-2³.md", "notes.md"])
def test_files_that_are_no_day_are_left_alone(vault: Vault, name: str) -> None:
    writing.log(vault, None, "user", "one")
    (vault.path / "memory").mkdir(exist_ok=True)
    (vault.path / "memory" / name).write_text("mine")
    before = bodies(vault)
    assert memory.refresh(vault) == []
    assert (vault.path / "memory" / name).read_text() == "mine"
    assert bodies(vault) == before


@pytest.mark.parametrize("kind", ["folder", "link", "dangling link", "pipe"])
def test_what_is_no_plain_file_is_told_and_left_alone(vault: Vault, kind: str) -> None:
    writing.log(vault, None, "user", "one")
    path = path_of(vault)
    path.parent.mkdir(exist_ok=True)
    (vault.path / "elsewhere").write_text("elsewhere")
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(vault.path / ("elsewhere" if kind == "link" else "nowhere"))
    (alert,) = memory.refresh(vault)
    assert "Move it away" in alert
    assert os.path.lexists(path)
    assert (vault.path / "elsewhere").read_text() == "elsewhere"
    path.rmdir() if kind == "folder" else path.unlink()
    memory.refresh(vault)
    assert "one" in text_of(vault)


def test_a_page_that_is_saved_while_it_is_read_is_not_overwritten(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = writing.log(vault, None, "user", "one")
    memory.refresh(vault)
    writing.log(vault, record.rev.conversation, "assistant", "two")
    absorb = memory.absorb

    def absorb_and_save(vault: Vault) -> memory.Noticed:
        noticed = absorb(vault)
        change(vault, "\none\n", "\nuno\n")
        return noticed

    with monkeypatch.context() as patch:
        patch.setattr(memory, "absorb", absorb_and_save)
        memory.refresh(vault)
    memory.refresh(vault)
    assert said(vault, record) == "uno"
    assert "two" in text_of(vault)


def test_pages_outlive_the_loss_of_the_records_that_made_them(vault: Vault) -> None:
    import shutil

    writing.log(vault, None, "user", "the only copy")
    memory.refresh(vault)
    vault.close()
    shutil.rmtree(vault.sessions)
    with Vault.open(vault.path) as opened:
        memory.refresh(opened)
        kept = [path.read_text() for path in opened.quarantine.path.glob("*.bin")]
    assert any("the only copy" in text for text in kept)


HOSTILE = [
    "<!-- end 0123456789abcdef -->",
    "<!-- m_" + "0" * 32 + " 0123456789abcdef -->\n**x** · 12:00\n\nfake\n<!-- end 0123456789abcdef -->",
    "# 2026-11-23",
    "## A <!-- c_" + "0" * 32 + " -->",
    "-->",
    "a\r\nb\rc",
    "\n\nafter blank lines\n\n",
    "   ",
    "line \u2028 separators \x85 and \x0b\x0c\x1c controls \x00\x1b[31m",
    "\ufeff",
]
hostile = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=20), min_size=1, max_size=3).map("\n".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(hostile, hostile, hostile), min_size=1, max_size=3), st.booleans())
def test_texts_that_imitate_markers_are_never_taken_for_edits(
    messages: list[tuple[str, str, str]], lost_index: bool
) -> None:
    with scratch() as folder, new_vault(folder / "vault") as vault:
        for text, title, author in messages:
            writing.log(vault, None, "user", text, title=title, author=author)
        memory.refresh(vault)
        if not path_of(vault).exists():
            return
        before, page = bodies(vault), path_of(vault).read_bytes()
        if lost_index:
            vault.rebuild_index()
        else:
            write(vault, page.rstrip(b"\n") + b"\n\n\n")
        assert memory.refresh(vault) == []
        assert bodies(vault) == before
        assert path_of(vault).read_bytes() == page


@settings(max_examples=60, deadline=None)
@given(st.lists(hostile, min_size=2, max_size=4), st.data())
def test_a_marker_of_another_message_inside_of_a_message_changes_nothing_there(
    texts: list[str], data: st.DataObject
) -> None:
    with scratch() as folder, new_vault(folder / "vault") as vault:
        first = writing.log(vault, None, "user", "one")
        short = first.id[:16]
        imitation = f"<!-- {first.rev.item} {short} -->\n**x** · 12:00\n\nchanged\n<!-- end {short} -->"
        second = writing.log(vault, None, "user", "\n".join([*texts, imitation]))
        memory.refresh(vault)
        write(vault, text_of(vault).encode() + b"\nA note.\n")
        memory.refresh(vault)
        assert said(vault, first) == "one"
        assert said(vault, second) == body_text(second.rev.body)
        assert notes(vault) == "A note."


ZONES = [
    "UTC",
    "Europe/Lisbon",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ZONES), st.integers(to_ms("1990-01-01T00:00:00.000Z"), to_ms("2037-12-31T00:00:00.000Z")))
def test_every_moment_lies_in_the_bounds_of_its_own_day_and_of_no_other(name: str, ms: int) -> None:
    zone = ZoneInfo(name)
    day = local_day(zone, ms // 60_000)
    start = datetime.fromisoformat(day).replace(tzinfo=zone)
    low, high = (round(moment.timestamp() * 1000) for moment in (start, _next_day(start)))
    assert low <= ms < high
    before = datetime.fromisoformat((date.fromisoformat(day) - timedelta(days=1)).isoformat()).replace(tzinfo=zone)
    assert round(_next_day(before).timestamp() * 1000) == low


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("America/Sao_Paulo", "2018-11-04T03:00:00.000Z"),  # midnight does not exist
        ("America/Havana", "2026-11-01T05:00:00.000Z"),  # midnight comes twice
        ("Europe/Lisbon", "2026-10-25T01:00:00.000Z"),
        ("Pacific/Apia", "2011-12-30T10:00:00.000Z"),  # a day that does not exist
        ("Asia/Kathmandu", "2026-11-22T18:15:00.000Z"),  # midnight at a quarter past
    ],
)
def test_each_message_stands_on_one_page_around_midnight_and_changes_of_the_clock(zone: str, change: str) -> None:
    with scratch() as folder:
        time = Time(to_ms(change) - 3 * 3_600_000)
        with new_vault(folder / "vault", zone=zone, now=time) as vault:
            name = None
            for number in range(60):
                name = writing.log(
                    vault, name, "user", f"({number} at {to_instant(time.ms)})", title="Night"
                ).rev.conversation
                time.pass_minutes(6)
            memory.refresh(vault)
            pages = {path.stem: path.read_text() for path in (vault.path / "memory").glob("*.md")}
            for number in range(60):
                at = to_ms(change) - 3 * 3_600_000 + number * 360_000
                on = [day for day, page in pages.items() if f"({number} at" in page]
                assert on == [f"{datetime.fromtimestamp(at / 1000, ZoneInfo(zone)):%Y-%m-%d}"]
            before = bodies(vault)
            vault.rebuild_index()
            assert memory.refresh(vault) == []
            assert bodies(vault) == before
            assert {p.stem: p.read_text() for p in (vault.path / "memory").glob("*.md")} == pages


def test_a_conversation_that_is_deleted_leaves_its_page(vault: Vault) -> None:
    record = writing.log(vault, None, "user", "one")
    memory.refresh(vault)
    writing.delete(vault, record.rev.conversation)
    assert memory.refresh(vault) == []
    assert not path_of(vault).exists()
