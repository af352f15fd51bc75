"""One app in a process of its own, without a terminal: what each key costs, and how much memory it has in the end.

`python -m tests.benchmarks.driven (bare | VAULT)` prints JSON: `keys` are seconds of the app's own thread from
a key until nothing is left to do, by what was scrolled; `search` are seconds by part; `memory` is in bytes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App

from tests.benchmarks import corpus

if TYPE_CHECKING:
    from netto_tui.tui.app import NettoApp

SIZE = (120, 40)
DRAWN_SECONDS = 0.045
REST_SECONDS = 0.1
"""After a key: by then what it moved is drawn, and timers that follow it have run."""

LIST_KEYS = [*"jjjjjjjjjjjjjjjjjjjj", *["pagedown"] * 15, "G", *"kkkkkkkkkk", *["pageup"] * 10, "g", *"jjjkkkjjj"]
TEXT_KEYS = [*"jjjjjjjjjjjjjjjjjjjj", *["pagedown"] * 15, "G", *"kkkkkkkkkk", *["pageup"] * 10, "g", *"jjjkkkjjj"]
QUERIES = 150
WORD = "per"
"""A beginning of which there are more than 10,000 hits."""


class Bench:
    """Presses keys and takes times."""

    def __init__(self, app: App[Any]) -> None:
        self.app = app
        self.found: dict[str, list[float]] = defaultdict(list)

    async def press(self, what: str, keys: Sequence[str]) -> None:
        """Press each key, or none, and wait until the app rests."""
        for key in keys:
            began = time.thread_time()
            if key:
                self.app.post_message(events.Key(key, key if len(key) == 1 else None))
            await asyncio.sleep(DRAWN_SECONDS)
            drawn = time.thread_time()
            await self.rest()
            self.found[what].append(drawn - began)
            self.found[f"{what}, what follows"].append(time.thread_time() - drawn)

    async def rest(self) -> None:
        """Wait until the app has nothing left to do."""
        await asyncio.sleep(REST_SECONDS)
        while True:
            began = time.thread_time()
            await asyncio.sleep(0.03)
            if time.thread_time() - began < 0.003:
                return

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something holds."""
        for _ in range(6_000):
            if condition():
                return
            await asyncio.sleep(0.01)
        raise TimeoutError(f"not within a minute; so far: { {name: len(took) for name, took in self.found.items()} }")

    def timed(self, owner: type, name: str, what: str) -> None:
        """Take the time that a method takes on its thread, in seconds of a processor."""
        method = getattr(owner, name)

        @wraps(method)
        def call(*arguments: Any, **named: Any) -> Any:
            began = time.thread_time()
            try:
                return method(*arguments, **named)
            finally:
                self.found[what].append(time.thread_time() - began)

        setattr(owner, name, call)


def memory() -> int:
    """What the process has in memory, in bytes; 0 where nobody tells."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)


async def bare() -> dict[str, Any]:
    """The same keys in the least of apps."""
    from tests.benchmarks.bare import Nothing, Scrolling, Searching

    found: dict[str, list[float]] = {}
    async with running(Nothing()) as app:
        bench = Bench(app)
        await bench.press("no key", [""] * 20)
        found |= bench.found
    async with running(Scrolling()) as app:
        bench = Bench(app)
        await bench.press("list", LIST_KEYS)
        found |= bench.found
    async with running(Searching()) as app:
        bench = Bench(app)
        for text in corpus.keystrokes(QUERIES):
            began = time.thread_time()
            app.query_one("#search").value = text  # type: ignore[attr-defined]  # an Input
            await bench.rest()
            bench.found["drawn"].append(time.thread_time() - began)
        found |= bench.found
    return {"keys": found, "memory": memory()}


async def ours(vault: Path) -> dict[str, Any]:
    """Everything in our app, over a vault."""
    from netto_tui.tui.app import NettoApp

    app = NettoApp(vault)
    app.on_terminal = True  # as it is for a person: what is loaded is left out of garbage collections
    async with running(app):
        bench = Bench(app)
        await bench.until(lambda: app.main.is_filled)
        await bench.until(lambda: app.worker is not None)
        await asyncio.sleep(1)
        filled = memory()
        await bench.press("no key", [""] * 20)
        await bench.press("conversations", LIST_KEYS)
        await _read_longest(app, bench)
        await _search(app, bench)
        return {"keys": bench.found, "filled": filled, "memory": memory()}


async def _read_longest(app: NettoApp, bench: Bench) -> None:
    from netto_tui.tui.panes.browse import BrowsePane

    assert app.reader is not None
    query = "SELECT name FROM conversations ORDER BY messages DESC LIMIT 1"
    pane = app.main.query_one(BrowsePane)
    pane.open_conversation(str(app.reader.first(query)))
    await asyncio.sleep(0.5)
    await bench.press("transcript", TEXT_KEYS)
    await bench.press("leaving", ["escape"])


async def _search(app: NettoApp, bench: Bench) -> None:
    """Type; from the text that is asked for until the list has the first hits with their previews."""
    from netto_tui.tui.inquiry import Inquiry
    from netto_tui.tui.panes.browse import BrowsePane

    pane = app.main.query_one(BrowsePane)
    bench.timed(BrowsePane, "_ask", "ask")
    bench.timed(BrowsePane, "take", "take")
    bench.timed(Inquiry, "_first", "first")
    for number, text in enumerate(corpus.keystrokes(QUERIES)):
        before, began = len(bench.found["take"]), time.thread_time()
        pane.line.value = f"{text} " if pane.line.value == text else text
        await bench.until(lambda before=before: len(bench.found["take"]) >= before + 2)  # type: ignore[misc]  # a default makes it no plain callable
        await bench.rest()
        bench.found["drawn"].append(time.thread_time() - began)
        bench.found["found"].append(bench.found["ask"][-1] + bench.found["first"][number])
        bench.found["handed"].append(bench.found["found"][-1] + bench.found["take"][before])
    pane.line.value = WORD
    await bench.until(lambda: pane.entries.count > 1_000)
    app.main.set_focus(pane.entries)
    await asyncio.sleep(0.5)
    await bench.press("hits", LIST_KEYS)


class running(AbstractAsyncContextManager[App[Any]]):  # used like a function
    """An app without a terminal."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._held = app.run_test(size=SIZE)

    async def __aenter__(self) -> App[Any]:
        await self._held.__aenter__()
        await asyncio.sleep(0.5)
        return self._app

    async def __aexit__(self, *error: Any) -> None:
        if error[1] is not None:
            raise error[1]
        await self._held.__aexit__(*error)


if __name__ == "__main__":
    made = bare() if sys.argv[1] == "bare" else ours(Path(sys.argv[1]))
    print(json.dumps(asyncio.run(made)))
