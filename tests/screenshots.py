"""Draw every screen of the app over the sample vault: `make screenshots`.

Writes screenshots/NAME-COLUMNSxROWS.svg, and a PNG beside each where Chromium is found. The sample,
its clock and its time zone are always the same, so pictures change only with the app. Names on the
command line draw these only.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from pytest_textual_snapshot import normalize_svg
from textual.events import Paste
from textual.message import Message
from textual.widgets import Input

from netto_tui import demo
from netto_tui.config import load
from netto_tui.demo import servers
from netto_tui.model.clock import to_ms
from netto_tui.model.query import Query
from netto_tui.security.keyset import KeySet
from netto_tui.security.recovery_code import RecoveryCode
from netto_tui.setup.sealing import NewKeys
from netto_tui.sync.journal import Journal
from netto_tui.sync.round import close_all, new_engine, open_replicas, sync_all
from netto_tui.tui.app import NettoApp
from netto_tui.tui.screens.codes import KeepCode
from netto_tui.tui.theme import LIGHT
from netto_tui.vault.identity import Identity
from netto_tui.vault.vault import Vault
from tests.servers.firestore import FirestoreServer, store
from tests.servers.github import GitHubServer
from tests.tui.conftest import Driven
from tests.tui.pictures import SIZES, aligned, calm
from tests.tui.worlds import at_once, machine

NOW = to_ms("2026-11-23T10:30:00.000Z")
TARGET = Path(__file__).resolve().parents[1] / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PLAIN = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-sync")
CODE = bytes(range(16))
"""Of the recovery code on the pictures, which opens nothing."""

VAULT, LOST = Path("netto"), Path("lost")
ACCIDENT = "Knots"
"""The title of the conversation that is lost."""

Step = str | Callable[[Driven], Awaitable[None]]


@dataclass(frozen=True)
class Scene:
    """How a screen is reached. vault: the folder's name, `alone` without clouds. light: in the light theme."""

    steps: tuple[Step, ...]
    vault: str = "netto"
    light: bool = False


def typed(text: str) -> Step:
    """Put a text into the line that has the focus."""

    async def step(driven: Driven) -> None:
        driven.app.post_message(Paste(text))

    return step


async def show_code(driven: Driven) -> None:
    """Show the recovery code of new keys, as at the end of adding the first sealed replica."""
    keys = KeySet("0" * 32, {1: bytes(32)}, bytes(32), bytes(32), CODE)
    driven.app.push_screen(KeepCode(VAULT, NewKeys("v_" + "0" * 32, keys, RecoveryCode(CODE))))


SCENES: dict[str, Scene] = {
    "browse": Scene(()),
    "browse-light": Scene((), light=True),
    "reading": Scene(("enter", "J", "J", "J")),
    "search": Scene(("slash", typed("bread"), "enter")),
    "export": Scene(("E",)),
    "sync": Scene(("2", "j", "j", "j")),
    "setup": Scene(("2", "A")),
    "setup-place": Scene(("2", "A", "1")),
    "recovery-code": Scene((show_code,)),
    "conflicts": Scene(("3",)),
    "resolver": Scene(("3", "enter")),
    "resolver-light": Scene(("3", "enter"), light=True),
    "authority": Scene(("3", "A")),
    "recovery": Scene(("4",)),
    "verified": Scene(("4", "v", "a"), vault="alone"),
    "preview": Scene(("4", "j", "p"), vault="lost"),
    "snapshots": Scene(("4", "j", "s")),
    "snapshot": Scene(("4", "j", "s", "j", "enter", "j")),
    "differences": Scene(("4", "j", "s", "j", "D")),
    "drills": Scene(("4", "D", "D"), vault="alone"),
    "health": Scene(("5",)),
    "help": Scene(("question_mark",)),
    "palette": Scene(("ctrl+p", typed("train"))),
    "themes": Scene(("comma",)),
    "welcome": Scene((), vault="new"),
    "welcome-sources": Scene(("enter",), vault="new"),
}
"""The way to each picture from the beginning."""


@asynccontextmanager
async def driven_app(vault: Path, size: tuple[int, int], *, toasts: bool = False) -> AsyncIterator[Driven]:
    """The app over a vault; its clock stands still, nothing blinks or takes time, and no machine shows."""
    told: list[Message] = []
    with (
        patch.object(Input, "cursor_blink", False),
        patch("netto_tui.tui.inquiry.time", SimpleNamespace(perf_counter=lambda: 0.0)),
        patch("platform.python_version", lambda: "3.11.0"),
        patch("shutil.disk_usage", lambda _: SimpleNamespace(total=2**38, used=2**37, free=2**37)),
        at_once(),
    ):
        app = NettoApp(vault, now=lambda: NOW, sync=False)
        async with app.run_test(size=size, notifications=toasts, message_hook=told.append) as pilot:
            driven = Driven(app, pilot, told)
            if vault.exists():
                await driven.until(lambda: app.main.is_filled)
            await calm(driven)
            yield driven


async def draw(scene: Scene) -> list[str]:
    """One SVG a size."""
    drawn = []
    async with driven_app(Path(scene.vault), (120, 40)) as driven:
        if scene.light:
            driven.app.theme = LIGHT.name
        for step in scene.steps:
            await (driven.pilot.press(step) if isinstance(step, str) else step(driven))
            await calm(driven)
        for size in SIZES:
            await driven.pilot.resize_terminal(*size)
            await calm(driven)
            drawn.append(driven.app.export_screenshot(title="netto-tui"))
    return drawn


@contextmanager
def sample() -> Iterator[None]:
    """A temporary current folder with the sample in it: with clouds, without, and after an accident."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, {"HOME": f"{folder}/home"}):
        for variable in ("NO_COLOR", "TEXTUAL_THEME", "VISUAL", "EDITOR"):
            os.environ.pop(variable, None)
        os.chdir(folder)
        try:
            with patch("netto_tui.vault.vault.new_identity", Identity):  # names of devices end in chance else
                demo.make(VAULT, lambda: NOW, zone="UTC")
            shutil.copytree(VAULT, "alone")
            have_an_accident()
            bring_to_clouds(VAULT)
            machine()
            yield
        finally:
            os.chdir(before)


def have_an_accident() -> None:
    """Copy the sample and lose the file of one conversation there; the replicas have it."""
    shutil.copytree(VAULT, LOST)
    with Vault.open(LOST, now=lambda: NOW) as vault, vault.reader() as reader:
        everything = reader.conversations(Query(), 0, 1000)
        name = next(row.conversation for row in everything if row.title == ACCIDENT)
    next(LOST.glob(f"sessions/**/{name}.jsonl")).unlink()
    Vault.open(LOST, now=lambda: NOW).close()


def bring_to_clouds(path: Path) -> None:
    """Give the vault replicas at GitHub and Firestore, at servers whose clocks stand where its own stands."""
    with (
        patch.object(store, "time", SimpleNamespace(time_ns=lambda: NOW * 1_000_000)),  # its only clock
        GitHubServer(Path("github").absolute()) as hub,
        FirestoreServer() as fire,
        Vault.open(path, now=lambda: NOW) as vault,
    ):
        hub.start().change("clock", offset=NOW / 1000 - time.time())
        fire.start().create(servers.PROJECT)
        os.environ |= {"NETTO_GITHUB_TOKEN": hub.token, "FIRESTORE_EMULATOR_HOST": fire.address}
        servers.connect(path, hub.url)
        config = load(path / "config.toml")
        journal = Journal(vault, lambda _event: None)
        replicas = open_replicas(vault, config, ["github", "firestore"])
        reports = sync_all(new_engine(vault, config, journal), replicas, complete=False)
        close_all(replicas)
        assert not any(report.error for report in reports), reports


def browser() -> str:
    """A browser that can take photographs, or ""."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), "")


def to_png(svg: Path) -> None:
    """Photograph an SVG with a browser."""
    box = re.search(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', svg.read_text())
    assert box is not None, svg
    with tempfile.TemporaryDirectory() as profile:
        page = Path(profile) / "page.html"
        page.write_text(f'<body style="margin:0;background:#000">{svg.read_text()}</body>')
        where = (
            f"--user-data-dir={profile}",
            f"--window-size={','.join(str(ceil(float(each))) for each in box.groups())}",
        )
        command = [browser(), *PLAIN, *where, f"--screenshot={svg.with_suffix('.png')}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def main() -> None:
    """Draw what is named on the command line, or everything."""
    wanted = sys.argv[1:] or list(SCENES)
    TARGET.mkdir(exist_ok=True)
    written: list[Path] = []
    with sample():
        for name in wanted:
            for (columns, rows), svg in zip(SIZES, asyncio.run(draw(SCENES[name])), strict=True):
                written.append(TARGET / f"{name}-{columns}x{rows}.svg")
                written[-1].write_text(aligned(normalize_svg(svg)))
                print(written[-1].relative_to(TARGET.parent))
    if not browser():
        print(f"No PNG: none of {', '.join(BROWSERS)} is installed here.", file=sys.stderr)
        return
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(to_png, written):
            pass
    print(f"and {len(written)} PNG beside them")


if __name__ == "__main__":
    main()
