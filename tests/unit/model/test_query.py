"""The grammar of queries, which the app and the command line share."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netto_tui.errors import UsageError
from netto_tui.model.query import Query, Term, filter_values, parse, with_filter

TODAY = date(2026, 11, 23)  # a Monday
BERLIN = ZoneInfo("Europe/Berlin")


def read(text: str, zone: ZoneInfo = BERLIN) -> Query:
    return parse(text, TODAY, zone)


def moment(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def days(query: Query, zone: ZoneInfo = BERLIN) -> tuple[str, str]:
    """The range of a query as local dates; both ends must be a first moment of a day."""

    def local(ms: int | None) -> str:
        if ms is None:
            return ""
        at = datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone)
        assert (at - timedelta(seconds=1)).date() < at.date()
        return at.date().isoformat()

    return local(query.since), local(query.until)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", ()),
        ("  ", ()),
        ("kyo", (Term("kyo", prefix=True),)),
        ("kyoto ", (Term("kyoto"),)),
        ("kyoto rai", (Term("kyoto"), Term("rai", prefix=True))),
        ("kyo* rail ", (Term("kyo", prefix=True), Term("rail"))),
        ('"night train" ', (Term("night train", phrase=True),)),
        ('"night train"', (Term("night train", phrase=True),)),
        ('"night tra', (Term("night tra", phrase=True, prefix=True),)),
        ('"night  train ', (Term("night train", phrase=True),)),
        ('"night tra"*', (Term("night tra", phrase=True, prefix=True),)),
        ('say "oui', (Term("say"), Term("oui", phrase=True, prefix=True))),
        ("http://x ", (Term("http://x"),)),
        ("note:this ", (Term("note:this"),)),
        ("onto ", (Term("onto"),)),
        ("* **", ()),
        ('"" a ', (Term("a"),)),
        ("a\x00b\tc\ud800 ", (Term("a"), Term("b"), Term("c"))),
        ("京都 旅", (Term("京都"), Term("旅", prefix=True))),
    ],
)
def test_words_and_phrases_become_terms(text: str, terms: tuple[Term, ...]) -> None:
    assert read(text).terms == terms


def test_a_filter_after_the_last_word_finishes_it() -> None:
    assert read("kyoto from:user").terms == (Term("kyoto"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on:2026-11-23", ("2026-11-23", "2026-11-24")),
        ("on:2026-02", ("2026-02-01", "2026-03-01")),
        ("on:2026-12", ("2026-12-01", "2027-01-01")),
        ("on:2026", ("2026-01-01", "2027-01-01")),
        ("on:today", ("2026-11-23", "2026-11-24")),
        ("on:Yesterday", ("2026-11-22", "2026-11-23")),
        ("on:last week", ("2026-11-16", "2026-11-23")),
        ("on:this week", ("2026-11-23", "2026-11-30")),
        ("on:last month", ("2026-10-01", "2026-11-01")),
        ('on:"last year"', ("2025-01-01", "2026-01-01")),
        ("after:2026-11-01", ("2026-11-01", "")),
        ("before:2026-11-01", ("", "2026-11-01")),
        ("after:last  week", ("2026-11-16", "")),
        ("before:'last week", None),
        ("after:2026-10 before:2026-11", ("2026-10-01", "2026-11-01")),
        ("after:2026-01 after:2026-10 on:2026", ("2026-10-01", "2027-01-01")),
    ],
)
def test_dates_are_days_in_the_vaults_zone(text: str, expected: tuple[str, str] | None) -> None:
    if expected is None:
        with pytest.raises(UsageError):
            read(text)
    else:
        assert days(read(text)) == expected


def test_last_month_of_january_is_december() -> None:
    query = parse("on:last month", date(2027, 1, 31), BERLIN)
    assert days(query) == ("2026-12-01", "2027-01-01")


@pytest.mark.parametrize(
    ("zone", "day", "hours", "start"),
    [
        ("Europe/Berlin", "2026-03-29", 23, "2026-03-28T23:00:00+00:00"),
        ("Europe/Berlin", "2026-10-25", 25, "2026-10-24T22:00:00+00:00"),
        ("America/Havana", "2026-03-08", 23, "2026-03-08T05:00:00+00:00"),  # midnight itself is skipped
        ("America/Havana", "2026-11-01", 25, "2026-11-01T04:00:00+00:00"),  # midnight comes twice
        ("Asia/Kathmandu", "2026-11-23", 24, "2026-11-22T18:15:00+00:00"),
        ("Pacific/Apia", "2011-12-30", 0, "2011-12-30T10:00:00+00:00"),  # a day that never was
    ],
)
def test_a_day_has_the_hours_that_its_zone_gives_it(zone: str, day: str, hours: int, start: str) -> None:
    query = read(f"on:{day}", ZoneInfo(zone))
    assert query.since is not None and query.until is not None
    assert query.until - query.since == hours * 3_600_000
    assert query.since == moment(start)


@given(
    st.dates(date(1970, 1, 2), date(9997, 12, 30)), st.sampled_from(["Europe/Berlin", "America/Havana", "Asia/Tokyo"])
)
def test_each_day_ends_where_the_next_begins(day: date, zone: str) -> None:
    one, two = (read(f"on:{day + timedelta(days=n)}", ZoneInfo(zone)) for n in (0, 1))
    assert one.until == two.since


def test_filters_are_collected_by_kind() -> None:
    query = read('from:user FROM:Assistant source:Claude-Code is:pinned is:conflict title:Rail title:"two words" x ')
    assert query.roles == ("user", "assistant")
    assert query.sources == ("claude-code",)
    assert query.states == ("pinned", "conflict")
    assert query.title == ("Rail", "two words")
    assert query.terms == (Term("x"),)
    assert filter_values(query.text, "from") == ["user", "assistant"]


@pytest.mark.parametrize(
    ("text", "named", "allowed"),
    [
        ("from:me", "me", "assistant"),
        ("is:odd", "odd", "conflict"),
        ("on:monday", "on:monday", "yesterday"),
        ("on:2026-02-30", "2026-02-30", "2026-11-23"),
        ("on:2026-13", "2026-13", "2026-11"),
        ("on:2026-00", "2026-00", "2026-11"),
        ("on:2026-1-5", "2026-1-5", "2026-11-23"),
        ("after:0001", "0001", "2026"),
        ("after:9999", "9999", "2026"),
        ("after:last weekend", "after:last", "last week"),
        ("from:", "from:", "user"),
        ("title:", "title:", "word"),
        ('source:""', "source:", "word"),
        ("on:*", "on:", "yesterday"),
    ],
)
def test_what_cannot_be_understood_is_named_with_what_is_allowed(text: str, named: str, allowed: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(f"kyoto {text}")
    assert named in caught.value.message
    assert allowed in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("  kyoto   rai", "kyoto rai"),
        ("kyoto ", "kyoto "),
        ("ky** ", "ky*"),
        ("FROM:User AFTER:Last  Week", 'from:user after:"last week"'),
        ('"night   train', '"night train'),
        ('"night train ', '"night train"'),
        ('"a b"c', '"a b" c'),
    ],
)
def test_every_query_has_one_spelling(text: str, spelled: str) -> None:
    assert read(text).text == spelled


PIECES = st.one_of(
    st.sampled_from(
        [*'" *:', "on:", "after:last week", "from:user", "title:", "is:conflict", "\x00", "　", "last week"]
    ),
    st.sampled_from(["on:2026", "before:yesterday", 'title:"a', "source:x*", '"a b"*', "Title:İ", "this", "ſource:x"]),
    st.text(max_size=4),
)


@given(st.lists(PIECES, max_size=8).map("".join))
@example('title:a"b c')
@example('*"a b')
def test_the_spelling_parses_into_the_same_query(text: str) -> None:
    try:
        query = read(text)
    except UsageError:
        return
    assert read(query.text) == query


@pytest.mark.parametrize(
    ("text", "key", "value", "expected"),
    [
        ("kyo", "on", "2026-11-23", "on:2026-11-23 kyo"),
        ("kyoto ", "is", "conflict", "is:conflict kyoto "),
        ("", "on", "last week", 'on:"last week"'),
        ("on:2025 kyo", "on", "2026-11-23", "on:2026-11-23 kyo"),
        ("after:2025 before:2027 kyo", "on", "2026-11-23", "on:2026-11-23 kyo"),
        ("on:2025 before:2027 kyo", "after", "2026", "after:2026 before:2027 kyo"),
        ("is:conflict kyo", "is", "", "kyo"),
        ("kyo is:conflict", "is", "", "kyo "),
        ("on:nonsense kyo", "is", "pinned", "is:pinned on:nonsense kyo"),
        ("a", "title", 'x "y', 'title:"x y" a'),
    ],
)
def test_a_filter_is_put_into_a_query(text: str, key: str, value: str, expected: str) -> None:
    assert with_filter(text, key, value) == expected


def test_a_filter_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="when"):
        with_filter("kyoto", "when", "today")


@given(st.lists(PIECES, max_size=6).map("".join), st.dates(date(1970, 1, 1), date(9998, 12, 31)))
def test_a_picked_day_is_always_found_again(text: str, day: date) -> None:
    assert filter_values(with_filter(text, "on", str(day)), "on") == [str(day)]
