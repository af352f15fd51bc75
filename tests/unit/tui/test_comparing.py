"""Versions against what they came from: words, headers, documents, and texts too long to be read whole."""

from __future__ import annotations

from collections.abc import Sequence

from netto_tui.model.blobs import externalize
from netto_tui.model.conversation import Item, body_text
from netto_tui.model.revision import ABOUT, About, Body, Document, Message, Sent, Stamp, Text, mint
from netto_tui.tui.comparing import compare_row, folded, is_long
from netto_tui.tui.conflict_rows import conflict_row
from netto_tui.tui.picks import Row
from netto_tui.tui.resolution import Resolution

CONVERSATION = "c_" + "0" * 32


def message(text: str, **fields: str) -> Message:
    return Message("user", (Text(text),), **fields)  # type: ignore[arg-type]  # only plain fields are given


def row_of(base: Body | None, *bodies: Body, item: str = "m_1", blobs: dict[str, bytes] | None = None) -> Row:
    """A row with one version for each body, from places a, b, c…"""
    first = [mint(CONVERSATION, item, base, Stamp("2026-01-01T00:00:00.000Z", 0, "app"))] if base else []
    heads = [
        mint(CONVERSATION, item, body, Stamp(f"2026-01-02T00:00:{n:02d}.000Z", 0, f"d{n}"), [r.id for r in first])
        for n, body in enumerate(bodies)
    ]
    origins = {head.id: (place,) for head, place in zip(heads, "abcdefgh", strict=False)}
    return conflict_row(1, Item(item, {r.id: r for r in [*first, *heads]}), origins, fetch=(blobs or {}).get)


def said(row: Row) -> dict[str, str]:
    """Each version as it is shown folded."""
    compared = compare_row(row)
    form = {"=": "{}", "+": "[+{}]", "*": "[*{}]", "-": "[-{}]", "~": "<{}>"}
    return {
        choice.labels[0]: "".join(form[kind].format(text) for kind, text in folded(compared.versions[choice.revision]))
        for choice in row.choices
        if not choice.deleted
    }


def test_each_version_is_compared_with_the_base() -> None:
    row = row_of(message("four days"), message("five days"), message("four nights"), message("four days, one night"))
    assert said(row) == {"a": "[-four][+five] days", "b": "four [-days][+nights]", "c": "four days[+, one night]"}


def test_without_a_base_the_first_version_stands_for_it() -> None:
    assert said(row_of(None, message("four days"), message("five days"))) == {
        "a": "four days",
        "b": "[-four][+five] days",
    }


def test_of_a_header_every_field_is_compared() -> None:
    def about(title: str, tags: Sequence[str], archived: bool) -> About:
        return About(title=title, context={"tags": list(tags)}, state={"archived": archived})

    row = row_of(about("Trip", ["a"], False), about("Trip", ["a", "b"], False), about("Trip", ["a"], True), item=ABOUT)
    shown = said(row)
    assert "context.tags: a[+, b]" in shown["a"]
    assert "state.archived: [-no][+yes]" in shown["b"]


def test_what_the_words_do_not_show_is_named() -> None:
    base = message("same")
    row = row_of(base, message("same", model="one"), message("same", author="me"))
    compared = compare_row(row)
    assert compared.alike
    assert [compared.others[choice.revision] for choice in row.choices] == ["model", "author"]


def test_far_from_a_change_lines_are_folded() -> None:
    lines = [f"line {n}\n" for n in range(100)]
    text = "".join(lines)
    one, two = text.replace("line 50\n", "line fifty\n"), text.replace("line 99\n", "")
    row = row_of(
        Document("memory/a.md", text), Document("memory/a.md", one), Document("memory/a.md", two), item="memory/a.md"
    )
    shown = said(row)
    assert "line [-50][+fifty]\nline 51\n<⋯" in shown["a"]
    assert shown["a"].count("lines alike") == 2 and "line 10\n" not in shown["a"]
    assert row.role == "a.md"


def test_what_all_versions_put_in_alike_is_folded_too() -> None:
    alike = "The same.\n" * 50
    shown = said(row_of(message("old"), message(alike + "one"), message(alike + "two")))
    assert shown["a"].endswith("[+one]") and "lines alike" in shown["a"]


def test_a_megabyte_shows_the_words_that_changed_and_is_edited_whole() -> None:
    text = "".join(f"line {n} of a long message\n" for n in range(40_000))
    bodies: list[Body] = []
    blobs: dict[str, bytes] = {}
    for version in (text, text.replace("line 777 of", "line 777 off"), text.replace("line 39000 of", "line 39000 on")):
        body, parts = externalize(Message("assistant", (Text(version),), sent=Sent(at="2026-01-01T00:00:00.000Z")))
        bodies.append(body)
        blobs |= parts
    row = row_of(*bodies, blobs=blobs)
    assert is_long(row)
    shown = said(row)
    assert "line 777 [-of][+off] a long" in shown["a"] and len(shown["a"]) < 1000
    assert "line 39000 [-of][+on] a long" in shown["b"]
    state = Resolution([row])
    assert state.take_edit(row, state.draft_text(row).replace("line 5 of", "line 5, mine")) == ""
    edited = state.body_of(row)
    assert edited is not None
    assert "line 5, mine a long" in body_text(edited) and body_text(edited).count("line 39999 of a") == 2
    assert state.take_base(row) == ""
    shown_base = state.said_of(row)
    assert shown_base is not None and body_text(shown_base) == text


def test_a_blob_that_is_missing_forbids_an_edit_but_no_choice() -> None:
    body, _ = externalize(message("x" * 300_000))
    row = row_of(None, body, message("short"))
    state = Resolution([row])
    assert "stored in parts" in state.why_no_edit(row)
    assert state.take(row, "a") == ""


def test_every_place_is_told_what_writing_changes_there() -> None:
    row = row_of(message("base"), message("one"), message("two"), message("base"))
    state = Resolution([row])
    state.take(row, "b")
    assert {label: tuple(count) for label, count in state.count_places().items()} == {
        "a": (1, 0, 0),
        "b": (0, 1, 0),
        "c": (1, 0, 0),
    }


def test_a_draft_follows_a_text_that_has_another_name_by_now() -> None:
    state = Resolution([row_of(message("base"), message("one"), message("two"))])
    state.take(state.rows[0], "b")
    draft = state.to_draft()
    later = row_of(message("another base"), message("two"), message("three"))
    again = Resolution([later]).with_draft(draft)
    body = again.body_of(later)
    assert body is not None and body_text(body) == "two"
    assert not Resolution([row_of(message("base"), message("four"), message("three"))]).with_draft(draft).picks
