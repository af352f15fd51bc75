"""Every screen in each of its states, at three sizes.

Renew the pictures on purpose only, and look at them: pytest tests/tui/test_pictures.py --snapshot-update
"""

from __future__ import annotations

import gc
import platform
import shutil
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from threading import Event
from types import SimpleNamespace

import pytest
from syrupy.assertion import SnapshotAssertion
from textual import events
from textual.message import Message

from netto_tui.security.keyset import KeySet
from netto_tui.security.recovery_code import RecoveryCode
from netto_tui.setup.sealing import NewKeys
from netto_tui.tui import messages
from netto_tui.tui.app import NettoApp
from netto_tui.tui.screens.codes import EnterCode, KeepCode
from netto_tui.tui.theme import LIGHT
from tests.servers import keyrings
from tests.tui import worlds
from tests.tui.conftest import Driven
from tests.tui.pictures import SIZES, Pictures, calm, shown
from tests.tui.vaults import NOW
from tests.tui.worlds import ID, VAULT, Kept, World

Step = str | Callable[[Driven], Awaitable[None]]


@dataclass(frozen=True)
class Scene:
    """How a screen comes to be in a state: a vault, then keys or other steps; and words that it has to show then.

    around: what holds meanwhile, such as a keyring. waits: a function that is not done until the pictures are
    taken. size: of the terminal while the steps are done. sizes: those of the pictures. opens: whether Browse has rows
    before the first step.
    """

    world: World
    steps: tuple[Step, ...]
    words: tuple[str, ...]
    around: Callable[[], AbstractContextManager[object]] = nullcontext
    waits: str = ""
    size: tuple[int, int] = (80, 24)
    sizes: Sequence[tuple[int, int]] = SIZES
    opens: bool = True


def paste(text: str) -> Step:
    """Put a text into the line that has the focus."""

    async def step(driven: Driven) -> None:
        driven.app.post_message(events.Paste(text))
        await calm(driven)

    return step


def tell(*told: Message) -> Step:
    """Have sync tell something."""

    async def step(driven: Driven) -> None:
        for message in told:
            driven.app.post_message(message)

    return step


def shut(path: str) -> Step:
    """Unplug a replica, or lose something else."""

    async def step(driven: Driven) -> None:
        shutil.rmtree(path)

    return step


async def turn_on_the_light(driven: Driven) -> None:
    driven.app.theme = LIGHT.name


async def keep_code(driven: Driven) -> None:
    keys = KeySet("0" * 32, {1: bytes(32)}, bytes(32), bytes(32), bytes(16))
    driven.app.push_screen(KeepCode(VAULT, NewKeys(ID, keys, RecoveryCode(bytes(range(16))))))


async def enter_code(driven: Driven) -> None:
    driven.app.push_screen(EnterCode("What is there was sealed by another device."))


def locked() -> AbstractContextManager[object]:
    """A keyring that nobody unlocks."""
    return keyrings.used(keyrings.Locked())


SCENES: dict[str, Scene] = {
    # Browse and reading
    "browse-empty": Scene(worlds.empty, (), ("The vault is empty",)),
    "browse-normal": Scene(worlds.ordinary, (), ("Trip to Lisbon",)),
    "browse-light": Scene(worlds.ordinary, (turn_on_the_light,), ("Trip to Lisbon",)),
    "browse-long": Scene(worlds.long, ("G", "k"), ("京都と奈良",)),
    "browse-dates": Scene(worlds.ordinary, ("t", "j"), ("November",)),
    "browse-marked": Scene(worlds.ordinary, ("space", "space"), ("2 marked",)),
    "browse-search": Scene(worlds.ordinary, ("slash", paste("lisbon"), "enter"), ("renting a flat",)),
    "browse-completing": Scene(worlds.ordinary, ("slash", paste("is:conflict source:cl")), ("is:conflict",)),
    "browse-nothing": Scene(worlds.ordinary, ("slash", paste("is:pinned zebra"), "enter"), ("Nothing matches",)),
    "browse-faulty": Scene(worlds.ordinary, ("slash", paste("before:soon")), ("not understood",)),
    "browse-loading": Scene(
        worlds.unindexed, (), ("Making a new index",), waits="netto_tui.vault.vault.Vault.open", opens=False
    ),
    "browse-offline": Scene(worlds.ordinary, (shut("vault"),), ("The vault in vault is gone",)),
    "browse-error": Scene(worlds.refused, (), ("The vault cannot be opened",), opens=False),
    "reading-normal": Scene(worlds.ordinary, ("j", "j", "enter", "J"), ("state machine",)),
    "reading-long": Scene(worlds.rich, ("enter", "J"), ("Plan",)),
    "reading-hostile": Scene(worlds.ordinary, ("j", "j", "j", "j", "j", "enter"), ("click=app.quit",)),
    "reading-masked": Scene(worlds.leaky, ("enter",), ("‹API key›",)),
    "reading-revealed": Scene(worlds.leaky, ("enter", "x"), (worlds.LEAKED[:8],)),
    "record-normal": Scene(worlds.ordinary, ("enter", "J", "i"), ("1 stored revision",)),
    "files-normal": Scene(worlds.rich, ("enter", "J", "J", "J", "o"), ("old.pdf",)),
    "export-normal": Scene(worlds.ordinary, ("E",), ("Export",)),
    # Sync
    "sync-empty": Scene(worlds.empty, ("2",), ("There is no second copy yet",)),
    "sync-normal": Scene(worlds.ordinary, ("2", "j", "j"), ("mirror",)),
    "sync-long": Scene(worlds.long, ("2", "G"), ("a-disk-with",)),
    "sync-offline": Scene(worlds.offline, ("2", "j", "j"), ("✗",)),
    "sync-locked": Scene(worlds.sealed, ("2", "j"), ("locked",), around=locked),
    "sync-error": Scene(worlds.garbled, ("2",), ("config.toml cannot be read",)),
    "sync-running": Scene(
        worlds.ordinary,
        (
            "2",
            "j",
            tell(messages.ProgressMoved("disk", "push", 31, 48), messages.ProgressMoved("mirror", "pull", 0, 0)),
        ),
        ("31/48",),
    ),
    "details-normal": Scene(worlds.ordinary, ("2", "j", "j", "enter"), ("mirror.git",)),
    # Conflicts
    "conflicts-empty": Scene(worlds.peaceful, ("3",), ("No conflicts",)),
    "conflicts-normal": Scene(worlds.ordinary, ("3",), ("Tax letter draft",)),
    "conflicts-loading": Scene(
        worlds.ordinary, ("3",), ("Conflicts",), waits="netto_tui.tui.panes.conflicts.read_waiting"
    ),
    "conflicts-long": Scene(worlds.long, ("3", "G"), ("30 conversations",)),
    "resolver-normal": Scene(worlds.ordinary, ("3", "enter"), ("Sintra",)),
    "resolver-chosen": Scene(worlds.ordinary, ("3", "enter", "2", "1"), ("Sintra",)),
    "resolver-preview": Scene(worlds.ordinary, ("3", "enter", "2", "1", "2", "w"), ("Write this?",)),
    "resolver-long": Scene(worlds.long, ("3", "G", "enter"), ("says",)),
    "resolver-light": Scene(worlds.ordinary, ("3", "enter", "2", turn_on_the_light), ("Sintra",)),
    "order-normal": Scene(worlds.ordinary, ("3", "enter", "b"), ("github",)),
    "writing-normal": Scene(worlds.ordinary, ("3", "enter", "e"), ("Sintra",)),
    "authority-normal": Scene(worlds.ordinary, ("3", "A"), ("github",)),
    # Recovery
    "recovery-empty": Scene(worlds.empty, ("4",), ("There is no replica to restore from",)),
    "recovery-normal": Scene(worlds.ordinary, ("4",), ("disk",)),
    "recovery-loading": Scene(
        worlds.ordinary, ("4", "v", "a"), ("verifying",), waits="netto_tui.tui.recovering.run_verify"
    ),
    "recovery-verified": Scene(worlds.damaged, ("4", "v", "a"), ("Parser for log lines",)),
    "recovery-preview": Scene(worlds.lost, ("4", "p"), ("DRY RUN",)),
    "difference-normal": Scene(worlds.lost, ("4", "p", "enter"), ("state machine",)),
    "recovery-confirm": Scene(worlds.lost, ("4", "p", "R"), ("RESTORE",)),
    "recovery-offline": Scene(worlds.offline, ("4", "j", "p"), ("✗",)),
    "snapshots-normal": Scene(worlds.history, ("4", "j", "s"), ("Snapshots of mirror",)),
    "snapshots-loading": Scene(
        worlds.ordinary, ("4", "j", "s"), ("Reading the history",), waits="netto_tui.tui.recovering.run_snapshots"
    ),
    "snapshots-offline": Scene(worlds.offline, ("4", "j", "s"), ("There is no repository",)),
    "snapshot-normal": Scene(worlds.history, ("4", "j", "s", "j", "enter"), ("SNAPSHOT",)),
    "differences-empty": Scene(worlds.history, ("4", "j", "s", "j", "D"), ("no difference",)),
    "differences-normal": Scene(worlds.history, ("4", "j", "s", "D"), ("Parser",)),
    "drills-empty": Scene(worlds.ordinary, ("4", "D"), ("No drill was made yet",)),
    "drills-normal": Scene(worlds.history, ("4", "D"), ("failed",)),
    "choose-normal": Scene(worlds.ordinary, ("4", "v"), ("all replicas, deep",)),
    "undo-empty": Scene(worlds.ordinary, ("4", "u"), ("Nothing drastic",)),
    "undo-normal": Scene(worlds.history, ("4", "u"), ("deletion",)),
    # Health
    "health-empty": Scene(worlds.empty, ("5",), ("second copy",)),
    "health-loading": Scene(worlds.ordinary, ("5",), ("Looking",), waits="netto_tui.tui.panes.health.check"),
    "health-normal": Scene(worlds.peaceful, ("5",), ("well",)),
    "health-offline": Scene(worlds.offline, ("5",), ("mirror",)),
    "health-locked": Scene(worlds.sealed, ("5",), ("locked",), around=locked),
    # Everywhere
    "help-normal": Scene(worlds.ordinary, ("question_mark",), ("Help",)),
    "palette-normal": Scene(worlds.ordinary, ("ctrl+p", paste("lisbon")), ("Trip to Lisbon",)),
    "themes-normal": Scene(worlds.ordinary, ("comma",), ("netto-light",)),
    "browse-small": Scene(worlds.ordinary, (), ("needs 60 x 15",), sizes=((50, 12),)),
    "setup-kinds": Scene(worlds.ordinary, ("A",), ("GitHub",)),
    "setup-place": Scene(worlds.ordinary, ("A", "3"), ("folder",)),
    "setup-error": Scene(worlds.ordinary, ("A", "3", paste("disk"), "enter"), ("disk already",)),
    "code-new": Scene(worlds.ordinary, (keep_code,), ("Your recovery code",)),
    "code-asked": Scene(worlds.ordinary, (enter_code,), ("That vault is sealed",)),
    "welcome-hello": Scene(worlds.nothing, (), ("Begin",), opens=False),
    "welcome-empty": Scene(worlds.nothing, ("enter",), ("Nothing was found",), opens=False),
    "welcome-sources": Scene(worlds.machine, ("enter",), ("Claude Code",), opens=False),
    "welcome-replicas": Scene(worlds.machine, ("enter", "enter"), ("A vault on one disk",), opens=False),
    "welcome-sync": Scene(
        worlds.machine, ("enter", "enter", "right", "enter", "enter"), ("There is no replica yet",), opens=False
    ),
    "welcome-import": Scene(worlds.machine, ("enter", "enter", "right", "enter"), ("conversation",), opens=False),
}


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The worlds that were made so far in this process."""
    return Kept(tmp_path_factory.mktemp("worlds"))


@pytest.fixture
def pictures(snapshot: SnapshotAssertion, request: pytest.FixtureRequest) -> Pictures:
    """The accepted pictures of a test."""
    return Pictures(snapshot, request)


@pytest.fixture
def same_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing on a picture tells of the machine, of its speed, or of versions.

    Looking for garbage meanwhile would take a fifth of the time.
    """
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "here" / "home"))
    monkeypatch.setattr("netto_tui.tui.inquiry.time", SimpleNamespace(perf_counter=lambda: 0.0))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=2**38, used=2**37, free=2**36))
    monkeypatch.setattr(platform, "python_version", lambda: "3.11.0")
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("same_everywhere")
@pytest.mark.parametrize("name", SCENES)
async def test_picture(name: str, kept: Kept, pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = SCENES[name]
    kept.copy(scene.world)
    app = NettoApp(VAULT, now=lambda: NOW, sync=False)
    told: list[Message] = []
    differences = []
    gate = held(scene.waits, monkeypatch)
    with scene.around():
        async with app.run_test(size=scene.size, message_hook=told.append) as pilot:
            driven = Driven(app, pilot, told)
            if scene.opens:
                await driven.until(lambda: app.main.is_filled, "the list has rows")
            for step in scene.steps:
                await calm(driven, held=bool(scene.waits))
                await (pilot.press(step) if isinstance(step, str) else step(driven))
            for size in scene.sizes:
                await pilot.resize_terminal(*size)
                await until_it_shows(driven, scene)
                differences.append(pictures.difference(size, app.export_screenshot()))
            gate.set()
            await calm(driven)
    assert not any(differences), "\n".join(filter(None, differences)) + "\nAll of them: snapshot_report.html"


def held(name: str, monkeypatch: pytest.MonkeyPatch) -> Event:
    """Have a function wait for an event before it does what it does; "" for none."""
    gate = Event()
    if name:
        function: Callable[..., object] = resolve_name(name)

        def waiting(*arguments: object, **named: object) -> object:
            gate.wait(60)
            return function(*arguments, **named)

        monkeypatch.setattr(name, waiting)
    return gate


async def until_it_shows(driven: Driven, scene: Scene) -> None:
    """Wait for rest, and for words that come later if need be."""
    for _ in range(20):
        driven.app._watch()  # as it does by itself every second
        await calm(driven, held=bool(scene.waits))
        if all(word in shown(driven) for word in scene.words):
            return
        await driven.pilot.pause(0.1)
    pytest.fail(f"{scene.words} is not on the screen at {driven.app.size}:\n{shown(driven)}")
