"""Draw every screen of the app over the sample vault: `make screenshots`.

Writes screenshots/NAME-COLUMNSxROWS.svg, and a PNG beside each where Chromium is found. The sample,
its clock and its time zone are always the same, so pictures change only with the app and with free space.
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
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from textual.pilot import Pilot
from textual.widgets import Input

from netto_tui import demo
from netto_tui.config import load
from netto_tui.demo import servers
from netto_tui.model.clock import to_ms
from netto_tui.sync.journal import Journal
from netto_tui.sync.round import close_all, new_engine, open_replicas, sync_all
from netto_tui.tui.app import NettoApp
from netto_tui.vault.vault import Vault
from tests.servers.firestore import FirestoreServer, store
from tests.servers.github import GitHubServer

SIZES = ((80, 24), (120, 40), (200, 50))
NOW = to_ms("2026-11-23T10:30:00.000Z")
SCENES: dict[str, tuple[str, ...]] = {
    "browse": (),
    "search": ("slash", *"bread"),
    "sync": ("2", "j", "j", "j"),
    "setup": ("2", "A"),
    "conflicts": ("3",),
    "resolver": ("3", "enter"),
    "recovery": ("4",),
    "health": ("5",),
    "help": ("question_mark",),
}
"""The keys that lead to each picture from the beginning."""

TARGET = Path(__file__).resolve().parents[1] / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


async def draw(vault: Path, name: str, keys: tuple[str, ...], size: tuple[int, int]) -> str:
    """One picture, as SVG."""
    app = NettoApp(vault, now=lambda: NOW, sync=False)
    async with app.run_test(size=size, notifications=True) as pilot:
        await _until(pilot, lambda: app.reader is not None and app.main.is_filled)
        await _settle(app, pilot)
        for key in keys:
            await pilot.press("space" if key == " " else key)
            await _settle(app, pilot)
        return app.export_screenshot(title="netto-tui")


async def _until(pilot: Pilot[int], condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await pilot.pause(0.02)
    raise TimeoutError("The app did not get ready.")


async def _settle(app: NettoApp, pilot: Pilot[int]) -> None:
    """Let threads answer and the screen be drawn."""
    threads = [worker for worker in app.workers if worker.group != "default"]
    if threads:
        await app.workers.wait_for_complete(threads)
    for _ in range(3):
        await pilot.pause(0.05)


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


def to_png(svg: Path) -> None:
    """Photograph an SVG with a browser, if there is one."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    match = re.search(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', svg.read_text())
    if browser is None or match is None:
        return
    window = ",".join(str(round(float(side))) for side in match.groups())
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={window}"]
    picture = f"--screenshot={svg.with_suffix('.png')}"
    subprocess.run([*command, picture, svg.as_uri()], check=True, capture_output=True, timeout=120)


def main() -> None:
    """Draw what is named on the command line, or everything."""
    wanted = sys.argv[1:] or list(SCENES)
    TARGET.mkdir(exist_ok=True)
    for variable in ("NO_COLOR", "TEXTUAL_THEME"):
        os.environ.pop(variable, None)
    with patch.object(Input, "cursor_blink", False), tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        vault = Path("netto")
        demo.make(vault, lambda: NOW, zone="UTC")
        bring_to_clouds(vault)
        for name in wanted:
            for size in SIZES:
                svg = TARGET / f"{name}-{size[0]}x{size[1]}.svg"
                svg.write_text(asyncio.run(draw(vault, name, SCENES[name], size)))
                to_png(svg)
                print(svg.relative_to(TARGET.parent))


if __name__ == "__main__":
    main()
