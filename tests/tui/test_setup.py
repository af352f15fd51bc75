"""Adding a replica in the app, over real servers, at 80x24; nothing that runs holds the screen up."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Button, Input, Static

from netto_tui.config import ReplicaConfig, load
from netto_tui.security import custody
from netto_tui.security.credentials import github_account
from netto_tui.setup import trial
from netto_tui.setup.adding import add
from netto_tui.tui.app import NettoApp
from netto_tui.tui.screens.codes import EnterCode, KeepCode
from netto_tui.tui.screens.confirm import ConfirmScreen
from netto_tui.tui.screens.setup import SetupScreen
from netto_tui.vault.vault import Vault
from tests.servers import keyrings, quick_slots
from tests.servers.firestore.server import FirestoreServer
from tests.servers.github.server import GitHubServer
from tests.tui.conftest import Driven, Start
from tests.tui.terminal import Terminal
from tests.tui.vaults import NOW, make_synced_vault

SMALL = (80, 24)


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    """GitHub, and no token in the environment."""
    monkeypatch.delenv("NETTO_GITHUB_TOKEN", raising=False)
    with GitHubServer(tmp_path / "github").start() as server:
        monkeypatch.setenv("NETTO_GITHUB_API", server.url)
        yield server


@pytest.fixture(autouse=True)
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[keyrings.Memory]:
    """A keyring that works, and a file for the key of the device."""
    monkeypatch.setenv("NETTO_KEY_FILE", str(tmp_path / "device.key"))
    monkeypatch.setattr("netto_tui.security.slots.seal", quick_slots.seal)
    backend = keyrings.Memory()
    with keyrings.used(backend):
        yield backend


def setup(driven: Driven) -> SetupScreen:
    screen = driven.app.screen
    assert isinstance(screen, SetupScreen), screen
    return screen


def said(driven: Driven) -> str:
    """What the step in front says."""
    screen = setup(driven)
    shown = screen.query_one(f"#{screen.stage}")
    return "\n".join(str(each.render()) for each in shown.query(Static))


async def fill(driven: Driven, text: str) -> None:
    """Put a text into the focused line and press enter."""
    line = driven.app.focused
    assert isinstance(line, Input), line
    line.value = text
    await driven.press("enter")


async def at(driven: Driven, stage: str) -> None:
    await driven.until(lambda: setup(driven).stage == stage and not setup(driven).waits, stage)


async def keep_code(driven: Driven) -> None:
    """Read the recovery code from the screen, slip once, and type it back."""
    await driven.until(lambda: isinstance(driven.app.screen, KeepCode), "the recovery code is shown")
    code = str(driven.app.screen.query_one("#code-shown", Static).render())
    await fill(driven, code.replace(code[0], "Y" if code[0] == "Z" else "Z", 1))
    await driven.until(lambda: str(driven.app.screen.query_one(".wrong", Static).render()), "a slip is told")
    await fill(driven, code.lower().replace("-", " "))


async def add_unsealed(driven: Driven) -> None:
    """Take the button beside, and say so twice."""
    await driven.press("tab", "enter")
    await driven.until(lambda: isinstance(driven.app.screen, ConfirmScreen), "it asks again")
    await driven.press("enter")


def names(path: Path) -> list[str]:
    return [each.name for each in load(path / "config.toml").replicas]


async def test_a_repository_is_made_and_added_from_the_screen_alone(
    start: Start, vault_path: Path, github: GitHubServer, memory: keyrings.Memory
) -> None:
    async with start(SMALL) as driven:
        await driven.press("2", "A", "1")
        await fill(driven, "alice")
        assert "OWNER/REPO" in said(driven), "what is wrong stands under the line"
        await fill(driven, "alice/vault")
        await at(driven, "setup-secret")
        assert "Contents: Read and write" in said(driven)
        assert setup(driven).query_one("#setup-token", Input).password
        await fill(driven, "ghp_wrong")
        await at(driven, "setup-secret")
        assert "does not accept the token" in said(driven)
        await fill(driven, github.token)
        await at(driven, "setup-result")
        assert str(setup(driven).query_one("#setup-go", Button).label) == "Make it, sealed"
        await driven.press("enter")
        await keep_code(driven)
        await driven.until(lambda: driven.app.screen is driven.app.main, "the steps are done")
        assert "github can be used now." in driven.toasts
        assert github.token not in driven.app.export_screenshot()
    assert names(vault_path) == ["disk", "mirror", "github"]
    assert list(memory.kept.values()) == [github.token]
    made = github.store.find("alice", "vault")
    assert made is not None and made.private


async def test_a_replica_that_is_there_already_is_given_a_new_token(
    start: Start, vault_path: Path, github: GitHubServer, memory: keyrings.Memory
) -> None:
    github.create_repository("vault")
    memory.kept[github_account(github.url, "alice/vault")] = github.token
    fresh = github.add_token("alice", scopes=None)
    async with start(SMALL) as driven:
        await driven.press("A", "1")
        await fill(driven, "alice/vault")
        await at(driven, "setup-result")
        await add_unsealed(driven)
        await driven.until(lambda: driven.app.screen is driven.app.main)
        await driven.press("A", "1")
        await fill(driven, "Alice/Vault")
        assert "the replica github already" in said(driven)
        await fill(driven, fresh)
        await at(driven, "setup-result")
        await driven.press("enter")
        await driven.until(lambda: driven.app.screen is driven.app.main)
        await driven.press("A", "3")
        await fill(driven, "disk")
        assert "the replica disk already" in said(driven)
    assert list(memory.kept.values()) == [fresh]
    assert names(vault_path) == ["disk", "mirror", "github"]


async def test_a_public_repository_is_refused_in_words_and_can_be_exchanged_for_another(
    start: Start, vault_path: Path, github: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETTO_GITHUB_TOKEN", github.token)
    github.create_repository("open", private=False)
    github.create_repository("vault")
    async with start(SMALL) as driven:
        await driven.press("A", "1")
        await fill(driven, "alice/open")
        await at(driven, "setup-result")
        assert "is public" in said(driven) and "Danger Zone" in said(driven)
        assert str(setup(driven).query_one("#setup-go", Button).label) == "Try again"
        await driven.press("escape")
        await fill(driven, "alice/vault")
        await at(driven, "setup-result")
        await driven.press("enter")
        await driven.until(lambda: isinstance(driven.app.screen, KeepCode), "the recovery code is shown")
        await driven.press("escape")
        await driven.until(lambda: driven.app.screen is driven.app.main)
        assert any("keys confirm" in toast for toast in driven.toasts), "that it is not finished"
    assert names(vault_path)[-1] == "github"


async def test_a_project_is_added_with_the_emulator_named(
    start: Start, vault_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FirestoreServer() as server:
        server.create("my-project")
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", server.address)
        async with start(SMALL) as driven:
            await driven.press("A", "2")
            await fill(driven, "my-project/me")
            await at(driven, "setup-result")
            assert server.address in said(driven)
            await driven.press("enter")
            await keep_code(driven)
            await driven.until(lambda: driven.app.screen is driven.app.main)
    assert names(vault_path)[-1] == "cloud"


async def test_a_key_file_that_is_none_is_said_beside_the_line(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FIRESTORE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    async with start(SMALL) as driven:
        await driven.press("A", "2")
        await fill(driven, "my-project/me")
        await at(driven, "setup-secret")
        assert "Cloud Datastore User" in said(driven)
        await fill(driven, str(tmp_path / "none.json"))
        assert "cannot be read" in said(driven)


async def test_a_folder_is_added_under_a_name_of_ones_own_and_synced(
    start: Start, vault_path: Path, tmp_path: Path
) -> None:
    async with start(SMALL, sync=True) as driven:
        await driven.until(lambda: driven.app.worker is not None)
        await driven.press("A", "j", "j", "enter")
        assert setup(driven).query_one("#setup-name", Input).value == "disk-2"
        line = driven.app.focused
        assert isinstance(line, Input)
        line.value = str(tmp_path / "nas")
        await driven.press("tab")
        await fill(driven, "No Name")
        assert "cannot be called" in said(driven)
        await fill(driven, "nas")
        await at(driven, "setup-result")
        await driven.press("enter")
        await keep_code(driven)
        await driven.until(lambda: (tmp_path / "nas" / "sessions").exists(), "the first pass wrote there")
    assert names(vault_path) == ["disk", "mirror", "nas"]


async def test_a_locked_keyring_is_said_before_a_token_is_typed(start: Start, github: GitHubServer) -> None:
    with keyrings.used(keyrings.Locked()):
        async with start(SMALL) as driven:
            await driven.press("A", "1")
            await fill(driven, "alice/vault")
            await at(driven, "setup-result")
            assert "locked" in said(driven) and "NETTO_GITHUB_TOKEN" in said(driven)


async def test_a_trial_that_takes_long_is_left_and_not_heard_any_more(
    start: Start, github: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    going_on = threading.Event()
    monkeypatch.setenv("NETTO_GITHUB_TOKEN", github.token)
    real = trial.try_out

    def slow(*args: Any, **kwargs: Any) -> trial.Trial:
        going_on.wait(30)
        return real(*args, **kwargs)

    monkeypatch.setattr(trial, "try_out", slow)
    async with start(SMALL) as driven:
        await driven.press("A", "1")
        line = driven.app.focused
        assert isinstance(line, Input)
        line.value = "alice/vault"
        await driven.pilot.press("enter")
        await driven.until(lambda: setup(driven).waits, "it says that it waits")
        await driven.pilot.press("escape")
        await driven.until(lambda: setup(driven).stage == "setup-place", "the screen answers meanwhile")
        going_on.set()
        await driven.settle()
        assert setup(driven).stage == "setup-place"
        await driven.press("escape", "escape")
        assert driven.app.screen is driven.app.main


async def test_an_empty_vault_can_become_the_one_that_a_replica_belongs_to(tmp_path: Path, start: Start) -> None:
    make_synced_vault(tmp_path / "first", tmp_path / "there").close()
    Vault.create(tmp_path / "second", device="phone", zone="UTC").close()
    app = NettoApp(tmp_path / "second", now=lambda: NOW)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        driven = Driven(app, pilot, [])
        await driven.until(lambda: app.reader is not None and app.main.is_filled)
        await driven.press("A", "3")
        await fill(driven, str(tmp_path / "there" / "disk"))
        await at(driven, "setup-result")
        await driven.press("enter")
        await at(driven, "setup-result")
        assert "unsealed" in said(driven), "it is not as it was asked for"
        await add_unsealed(driven)
        await driven.until(lambda: isinstance(app.screen, ConfirmScreen), "it asks whose it is to be")
        await driven.press("enter")
        await driven.until(lambda: app.screen is app.main)
        await driven.until(lambda: app.reader is not None and app.reader.totals().conversations == 7, "they came")
    ids = [json.loads((tmp_path / name / ".netto" / "vault.json").read_text())["vault"] for name in ("first", "second")]
    assert ids[0] == ids[1]


async def test_a_sealed_vault_of_another_device_is_joined_by_its_recovery_code(tmp_path: Path) -> None:
    disk = ReplicaConfig("disk", "folder", str(tmp_path / "disk"))
    made = add(tmp_path / "first", disk, None, trial.Trial(), threading.Event(), lambda: NOW).made
    assert made is not None
    quick_slots.forget()
    Vault.create(tmp_path / "second", device="phone", zone="UTC").close()
    app = NettoApp(tmp_path / "second", now=lambda: NOW, sync=False)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        driven = Driven(app, pilot, [])
        await driven.until(lambda: app.reader is not None and app.main.is_filled)
        await driven.press("A", "3")
        await fill(driven, disk.target)
        await at(driven, "setup-result")
        await driven.press("enter")
        await driven.until(lambda: isinstance(app.screen, ConfirmScreen), "it asks whose it is to be")
        await driven.press("enter")
        for typed in ("no code", made.code.text.reveal()):
            await driven.until(lambda: isinstance(app.screen, EnterCode), "it asks for the code")
            await fill(driven, typed)
        await driven.until(lambda: app.screen is app.main)
    assert load(tmp_path / "second" / "config.toml").replicas == (disk,)
    assert custody.load(tmp_path / "second", made.vault) == made.keys


async def test_what_a_server_says_is_shown_as_text(
    start: Start, github: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETTO_GITHUB_TOKEN", github.token)
    github.faults(
        {
            "match": "GET /user",
            "kind": "status",
            "code": 401,
            "body": {"message": "\x1b]0;owned\x07 [@click=app.quit]press[/] \x1b[2J"},
        }
    )
    async with start(SMALL) as driven:
        await driven.press("A", "1")
        await fill(driven, "alice/vault")
        await at(driven, "setup-result")
        text = said(driven)
        assert "[@click=app.quit]press[/]" in text and "\x1b" not in text and "\x07" not in text


async def test_the_palette_and_an_empty_sync_pane_lead_there(tmp_path: Path) -> None:
    from netto_tui.tui.palette import Actions
    from netto_tui.tui.panes.sync import SyncPane

    Vault.create(tmp_path / "vault", device="phone", zone="UTC").close()
    app = NettoApp(tmp_path / "vault", now=lambda: NOW, sync=False)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        driven = Driven(app, pilot, [])
        await driven.until(lambda: app.reader is not None and app.main.is_filled)
        await driven.press("2")
        detail = app.main.query_one(SyncPane).query_one("#store-detail", Static)
        assert "A adds one" in str(detail.render())
        hits = [hit async for hit in Actions(app.main).search("add a replica")]
        app.call_later(hits[0].command)
        await driven.settle()
        assert isinstance(app.screen, SetupScreen)


async def test_leaving_while_it_is_added_stops_that_and_says_so(
    start: Start, vault_path: Path, github: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETTO_GITHUB_TOKEN", github.token)
    async with start(SMALL) as driven:
        await driven.press("A", "1")
        await fill(driven, "alice/vault")
        await at(driven, "setup-result")
        github.faults({"match": "POST /user/repos", "kind": "blackhole", "seconds": 30})
        await driven.pilot.press("enter")
        await driven.until(lambda: not github.app.faults.pending(), "it is asked")
        await driven.pilot.press("escape")
        await at(driven, "setup-result")
        assert "Stopped" in said(driven)
    assert names(vault_path) == ["disk", "mirror"]


def test_a_token_typed_at_a_real_terminal_never_comes_back_from_it(
    tmp_path: Path, vault_path: Path, github: GitHubServer
) -> None:
    github.create_repository("vault")
    kept = tmp_path / "keyring.json"
    settings = {
        "NETTO_GITHUB_API": github.url,
        "NETTO_TEST_KEYRING": str(kept),
        "NETTO_KEY_FILE": str(tmp_path / "device.key"),
        "PYTHON_KEYRING_BACKEND": "tests.servers.keyrings.InFile",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    terminal = Terminal.app(vault_path.absolute(), size=SMALL, env=settings)
    try:
        terminal.until(b"Lisbon")
        terminal.type("A")
        terminal.until(b"where shall a copy lie")
        terminal.type("1")
        terminal.until(b"Which repository")
        terminal.type("alice/vault\r")
        terminal.until(b"it does not show")
        terminal.type(f"{github.token}\r")
        terminal.until(b"Add it")
        terminal.type("\r")
        terminal.until(b"from your paper")
        [code] = set(re.findall(rb"(?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}", terminal.output))
        terminal.type(f"{code.decode()}\r")
        terminal.until(b"can be used now")
        terminal.type("q")
        assert terminal.ended() == 0
    finally:
        terminal.close()
    assert github.token.encode() not in terminal.output
    assert list(json.loads(kept.read_text()).values()) == [github.token]
    for path in vault_path.rglob("*"):
        assert not path.is_file() or github.token.encode() not in path.read_bytes(), path
