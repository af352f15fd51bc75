"""Sample conversations about programs, as a coding assistant keeps them."""

from netto_tui.demo.script import Script

_BUGS = (
    {
        "project": "tide-tables",
        "file": "tides/parse.py",
        "symptom": "the last tide of every month is missing",
        "cause": "`range(1, days)` stops one short",
        "old": "for day in range(1, days):",
        "new": "for day in range(1, days + 1):",
        "lang": "python",
        "test": "test_the_last_day_of_a_month_is_read",
        "run": "pytest -q",
        "ok": "41 passed in 1.3s",
    },
    {
        "project": "seed-library",
        "file": "web/cart.ts",
        "symptom": "the loan counter shows NaN after the first return",
        "cause": 'the badge is text, and text minus a number is NaN once the badge says "–"',
        "old": "const left = badge.textContent - 1;",
        "new": 'const left = Number.parseInt(badge.dataset.count ?? "0", 10) - 1;',
        "lang": "ts",
        "test": "returns a packet and keeps the count",
        "run": "npm test --silent",
        "ok": "Tests: 58 passed, 58 total",
    },
    {
        "project": "birdcount",
        "file": "internal/store/store.go",
        "symptom": "sightings vanish when two people save at the same moment",
        "cause": "the map is written from two goroutines without the lock",
        "old": "s.byDay[day] = append(s.byDay[day], sighting)",
        "new": "s.mu.Lock()\ns.byDay[day] = append(s.byDay[day], sighting)\ns.mu.Unlock()",
        "lang": "go",
        "test": "TestConcurrentSaves",
        "run": "go test -race ./...",
        "ok": "ok   birdcount/internal/store 0.412s",
    },
    {
        "project": "choir-planner",
        "file": "planner/calendar.py",
        "symptom": "rehearsals in late October are an hour off",
        "cause": "seven times 24 hours is not a week when the clocks change",
        "old": "next_one = last + timedelta(hours=7 * 24)",
        "new": "next_one = (last.replace(tzinfo=None) + timedelta(weeks=1)).replace(tzinfo=last.tzinfo)",
        "lang": "python",
        "test": "test_rehearsals_keep_their_hour_over_the_change_of_clocks",
        "run": "pytest -q tests/test_calendar.py",
        "ok": "17 passed in 0.4s",
    },
    {
        "project": "recipe-box",
        "file": "src/scale.rs",
        "symptom": "a third of a cup becomes 0",
        "cause": "the division is done on integers",
        "old": "let scaled = amount / parts * wanted;",
        "new": "let scaled = amount * wanted / parts;",
        "lang": "rust",
        "test": "scales_thirds",
        "run": "cargo test -q",
        "ok": "test result: ok. 33 passed; 0 failed",
    },
    {
        "project": "allotment",
        "file": "sql/waiting_list.sql",
        "symptom": "people who moved away are still on the waiting list",
        "cause": "a LEFT JOIN whose condition sits in WHERE turns into an inner one, and the other way round here",
        "old": "LEFT JOIN moves ON moves.person = people.id",
        "new": "LEFT JOIN moves ON moves.person = people.id AND moves.left_on <= CURRENT_DATE",
        "lang": "sql",
        "test": "waiting list leaves out who has left",
        "run": "make test-sql",
        "ok": "12 checks, all good",
    },
    {
        "project": "photo-sorter",
        "file": "sort/exif.py",
        "symptom": "pictures without a date end up in 1970",
        "cause": "a missing date is read as 0, and 0 is a date",
        "old": 'taken = datetime.fromtimestamp(int(tags.get("date", 0)))',
        "new": 'taken = datetime.fromtimestamp(int(tags["date"])) if "date" in tags else None',
        "lang": "python",
        "test": "test_a_picture_without_a_date_is_undated",
        "run": "pytest -q",
        "ok": "96 passed in 4.0s",
    },
    {
        "project": "bus-board",
        "file": "board/render.js",
        "symptom": "the board flickers every ten seconds",
        "cause": "the whole list is replaced although one row changed",
        "old": 'list.innerHTML = rows.map(draw).join("");',
        "new": "rows.forEach((row, at) => update(list.children[at] ?? append(list), row));",
        "lang": "js",
        "test": "touches only rows that changed",
        "run": "npm test --silent",
        "ok": "Tests: 21 passed, 21 total",
    },
    {
        "project": "ledger-lite",
        "file": "ledger/totals.py",
        "symptom": "totals differ by a cent from the bank",
        "cause": "amounts are floats",
        "old": "total = sum(float(line.amount) for line in lines)",
        "new": "total = sum((Decimal(line.amount) for line in lines), Decimal(0))",
        "lang": "python",
        "test": "test_a_thousand_cents_are_ten",
        "run": "pytest -q",
        "ok": "64 passed in 0.9s",
    },
    {
        "project": "weather-station",
        "file": "station/read.sh",
        "symptom": "readings stop after a power cut until somebody logs in",
        "cause": "the service waits for a session bus that is not there at boot",
        "old": "After=graphical-session.target",
        "new": "After=network-online.target\nWants=network-online.target",
        "lang": "ini",
        "test": "systemd-analyze verify",
        "run": "systemd-analyze verify station.service",
        "ok": "(no output, which is good)",
    },
    {
        "project": "crossword",
        "file": "app/grid.css",
        "symptom": "the grid is one pixel too wide on small phones",
        "cause": "the border is added to the width of each cell",
        "old": ".cell { width: calc(100% / 13); border: 1px solid; }",
        "new": ".cell { width: calc(100% / 13); border: 1px solid; box-sizing: border-box; }",
        "lang": "css",
        "test": "grid fits 320 px",
        "run": "npm run test:visual",
        "ok": "9 pictures equal",
    },
)

_FIX = Script(
    "claude-code",
    """
$symptom ($project)
>> In $project $symptom. [[I think it is somewhere in `$file`.|Probably `$file`, but I have not looked.]] Can you find it and add a test?
~~ Look at the file first, then reproduce it with a test before changing anything.
!! read {"path": "$file"}
== ```$lang
$old
```
<< [[Found it: $cause. I will write the failing test first.|There it is: $cause. First a test that fails because of it.|I think I see it: $cause. A test will tell.]]
!! run {"command": "$run"}
== 1 failed: $test
!! edit {"path": "$file", "replace": "$old", "with": "$new"}
== 1 file changed
!! run {"command": "$run"}
== $ok
<< Fixed. The reason: $cause.

```$lang
$new
```

[[The test is called `$test`; it failed before and passes now.|`$test` failed before this change and passes after it.|There is a test now, `$test`, so it stays fixed.]]
>> [[Good. Is the same mistake anywhere else?|Anything similar elsewhere in the repository?]]
!! search {"pattern": "same idiom", "where": "."}
== 2 matches, both in code that is generated
<< [[Only in generated code, which takes its shape from the template I just changed. Nothing else to do.|Two places look alike, and both are generated from what I changed. So no.|No. The two matches are built from this file.]]
>> Commit message?
<< ```
Fix: $symptom

The cause: $cause.
```
""",
    "In $project: $symptom; the cause was that $cause. Fixed in `$file`, with a test.",
    _BUGS,
)

_REVIEW = Script(
    "claude-code",
    """
Review before the release of $project
>> Please read the changes on this branch of $project as a strict colleague would.
!! run {"command": "git diff --stat main"}
== $file | 14 +++++++-------
 README.md | 3 ++-
 2 files changed, 9 insertions(+), 8 deletions(-)
!! read {"path": "$file"}
== ```$lang
$new
```
<< Three remarks, most important first:

1. `$file`: right, but the comment above it still tells the old story. Say what holds now.
2. The test `$test` would also pass if the function returned nothing at all. Assert the value.
3. README: the example uses the old name.

[[No remarks on style; the tools have that covered.|The rest reads well, and the diff is pleasantly small.|I would merge it after the first two.]]
>> [[1 and 3 done. For 2, show me.|Done with 1 and 3. What would you assert in 2?]]
<< [[Compare with a literal, written out by hand: a computed expectation repeats the mistake it should catch.|One example on paper, the numbers copied into the test. Dull, and it finds things.|The value itself. “Not empty” is what a broken version also says.]]
>> Makes sense, changed and pushed.
""",
    "Reviewed $project before its release; the test `$test` now compares with a value written by hand.",
    _BUGS[:8],
)

_REGEX = Script(
    "claude-code",
    """
A regular expression that reads receipts
>> I need a regex for lines like `2x Oat milk   3,98` and `Bread rye 4,20 A`. Quantity optional, price with comma, optional tax letter at the end.
<< ```python
LINE = re.compile(
    r"^(?:(?P<count>\\d+)x\\s+)?"      # 2x, or nothing
    r"(?P<name>\\S.*?)\\s+"            # as short as the rest allows
    r"(?P<price>-?\\d+,\\d{2})"        # a refund is negative
    r"(?:\\s+(?P<tax>[A-Z]))?$"
)
```
Two traps: the name is lazy on purpose, and the price allows a minus, because deposits come back as a line of their own.
>> `Pfand zurück -0,25 B` works, wow. What about `Sum 12,40`?
<< It matches too, as an article called "Sum". That is not a job for the expression: filter names in a set of words you know (`Sum`, `Total`, `Summe`) after matching.
>> Agreed. Thanks!
""",
    "Receipts: one regular expression for lines, a set of words for sums.",
)

_SQL = Script(
    "claude-code",
    """
Why is this query slow?
>> 4 seconds for the list of open loans. 300k rows. Plan attached.
== SCAN loans  (~300000 rows)
USE TEMP B-TREE FOR ORDER BY
<< The plan says it: a full scan, then a sort. The filter `returned_at IS NULL` keeps 1 % of the rows, so a partial index fits:

```sql
CREATE INDEX loans_open ON loans (due_on) WHERE returned_at IS NULL;
```
It holds only open loans and is already in the order of the list.
>> 4 s → 6 ms. Does it cost anything on writes?
<< Only when a loan begins or ends, and the index has about 3,000 entries. You will not measure it.
""",
    "A partial index on open loans: 4 s became 6 ms.",
)

SCRIPTS = (_FIX, _REVIEW, _REGEX, _SQL)
