"""Two devices over GitHub and Firestore, sealed as `init` seals by default, driven as a person drives them.

Then every byte that lies at the remotes, in the servers' logs, in our logs and journals, in crash output, in
argument lists and in what the commands told is searched for everything that was said and for every secret.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.leaks import leaks
from tests.servers.firestore.server import FirestoreServer
from tests.servers.github.server import GitHubServer
from tests.unit.secret_kinds import made_up

pytestmark = pytest.mark.timeout(600)  # the story is told once, by whichever test comes first

SAID = {
    "message": "Meet Tobias at the aquarium on Thursday",
    "answer": "The aquarium opens at half past nine",
    "thinking": "they must not learn about the surprise party",
    "tool argument": "grep -rn birthday /home/rosalind/plans",
    "tool result": "plans/party.txt:7:birthday cake with marzipan",
    "title": "Surprise party for Wilhelmina",
    "edited message": "Meet Tobias at the planetarium instead",
    "message of the phone": "Ordered eleven balloons in turquoise",
    "other decision": "Ordered twelve balloons in vermilion",
    "agreed": "Thirteen balloons it shall be, all silver",
    "large content": "a very long list of guests follows here",
    "path of work": "/home/rosalind/plans/wilhelmina",
    "branch": "feature/marzipan-cake-tasting",
    "participant": "Rosalind Featherstonehaugh",
    "secret in a message": made_up(1)["GitHub token"],
}
WORDS = "walrus candle orbit mustard trombone"
"""A passphrase."""

LAUNCH = """
import os, sys
def audit(event, args):
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.spawn"):
        with open(os.environ["STARTED"], "a") as file:
            print(event, repr(args), file=file)
sys.addaudithook(audit)
with open(os.environ["STARTED"], "a") as file:
    print(open("/proc/self/cmdline").read() if os.path.exists("/proc/self/cmdline") else sys.argv, file=file)
if os.environ.get("FALL"):
    from netto_tui.vault import vault
    def fall(self, *args, **more):
        content = [record.line.decode() for record in more.get("records", args and args[0] or [])]
        raise KeyError(f"cannot take {content}", os.environ["NETTO_GITHUB_TOKEN"])
    vault.Vault.add = fall
from netto_tui import cli
from netto_tui.security import slots
from tests.servers import quick_slots
slots.seal = quick_slots.seal  # age files with little work, or each of them takes seconds
cli.main(sys.argv[1:])
"""


@dataclass
class Device:
    """A vault on a machine of its own, and everything that its commands told which nobody asked to see."""

    home: Path
    env: dict[str, str]
    told: list[bytes] = field(default_factory=list)

    def run(self, *args: str, typed: str = "", codes: tuple[int, ...] = (0,), shows: bool = False, **env: str) -> str:
        """Run a command; `shows`: it is asked to show what was said, so its output is not kept."""
        done = subprocess.run(
            [sys.executable, "-c", LAUNCH, *args],
            input=typed.encode(),
            capture_output=True,
            check=False,
            env=self.env | env,
            cwd=Path(__file__).resolve().parents[2],
        )
        assert done.returncode in codes, (args, done.stderr.decode())
        self.told.append(done.stderr if shows else done.stdout + done.stderr)
        return done.stdout.decode()

    def json(self, *args: str, **more: Any) -> Any:
        return json.loads(self.run("--json", *args, **more))


@dataclass
class Stage:
    """Both devices, both servers, and what has to be found nowhere."""

    laptop: Device
    phone: Device
    github: GitHubServer
    firestore: FirestoreServer
    folder: Path
    secrets: dict[str, str]


def source(folder: Path) -> Path:
    """A session of Claude Code in which everything is said, with its path, its branch and its tools."""
    common: dict[str, Any] = {
        "sessionId": "5d0b1c9e-6f6c-4c56-9a3c-000000000001",
        "cwd": SAID["path of work"],
        "version": "2.0.1",
        "gitBranch": SAID["branch"],
        "userType": "external",
        "isSidechain": False,
    }
    call = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": SAID["tool argument"]}}
    thinking = {"type": "thinking", "thinking": SAID["thinking"], "signature": "c2ln"}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": SAID["tool result"]}
    large = SAID["large content"] + " ".join(f"guest number {number}" for number in range(20_000))
    turns: list[tuple[str, Any]] = [
        ("user", SAID["message"]),
        ("assistant", [thinking, {"type": "text", "text": SAID["answer"]}, call]),
        ("user", [result]),
        ("user", f"I am {SAID['participant']}, and the key is {SAID['secret in a message']}"),
        ("user", large),
    ]
    lines: list[dict[str, Any]] = [{"type": "summary", "summary": SAID["title"], "leafUuid": f"{len(turns):08}-0"}]
    parent = None
    for number, (role, content) in enumerate(turns, 1):
        uuid = f"{number:08}-0000-4000-8000-000000000000"
        message = {"role": role, "content": content} | ({"model": "claude-x"} if role == "assistant" else {})
        at = f"2026-11-20T09:0{number}:00.000Z"
        lines.append(common | {"type": role, "uuid": uuid, "parentUuid": parent, "timestamp": at, "message": message})
        parent = uuid
    place = folder / "projects" / "-home-rosalind-plans-wilhelmina"
    place.mkdir(parents=True)
    file = place / f"{common['sessionId']}.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The whole story, told once."""
    folder = tmp_path_factory.mktemp("stage")
    with (
        GitHubServer(folder / "github").start() as github,
        FirestoreServer(folder / "firestore").start() as firestore,
    ):
        github.create_repository("vault")
        firestore.create("my-project")
        base = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV") if name in os.environ}
        base |= {
            "HOME": str(folder),
            "NETTO_GITHUB_API": github.url,
            "NETTO_GITHUB_TOKEN": github.token,
            "FIRESTORE_EMULATOR_HOST": firestore.address,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "STARTED": str(folder / "started.txt"),
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        }
        devices = []
        for name in ("laptop", "phone"):
            own = {
                "NETTO_HOME": str(folder / name),
                "NETTO_DEVICE": name,
                "NETTO_KEY_FILE": str(folder / f"{name}.key"),
            }
            devices.append(Device(folder / name, base | own))
        laptop, phone = devices
        yield play(Stage(laptop, phone, github, firestore, folder, {"token of GitHub": github.token}))


def play(stage: Stage) -> Stage:
    """What a person does with two devices in a month."""
    laptop, phone = stage.laptop, stage.phone
    stage.secrets |= {"passphrase": WORDS, "wrong token": made_up(2)["GitHub token"]}
    places = ("--replica", "github=github:alice/vault", "--replica", "cloud=firestore:my-project/me")
    laptop.run("init", "--zone", "UTC", *places)
    code = laptop.json("keys", "kit", shows=True)["code"]
    stage.secrets |= {"recovery code": code, "recovery code, typed": code.replace("-", "").replace(" ", "")}
    stage.secrets["key of the laptop"] = (stage.folder / "laptop.key").read_text().strip()
    laptop.run("keys", "confirm", "--stdin", typed=code)
    laptop.run("import", str(source(stage.folder / "source")))
    begun = laptop.json("log", "--role", "user", "-", typed=SAID["message"], shows=True)
    laptop.run("sync")
    phone.run("init", "--zone", "UTC", "--code-stdin", *places, typed=code)
    stage.secrets["key of the phone"] = (stage.folder / "phone.key").read_text().strip()
    phone.run("sync")
    phone.run("log", begun["conversation"], "--role", "user", "-", typed=SAID["message of the phone"], shows=True)
    item = phone.json("show", begun["conversation"], shows=True)["messages"][0]["item"]
    laptop.run("edit", begun["conversation"], item, "-", typed=SAID["edited message"], shows=True)
    phone.run("edit", begun["conversation"], item, "-", typed=SAID["other decision"], shows=True)
    for device in (laptop, phone, laptop):
        device.run("sync")
    assert laptop.json("conflicts", codes=(1,), shows=True)["conflicts"]
    laptop.run("resolve", begun["conversation"], item, "--text", "-", typed=SAID["agreed"], shows=True)
    laptop.run("keys", "add-passphrase", "--stdin", typed=WORDS)
    laptop.run("keys", "rotate")
    for device in (laptop, phone):
        device.run("sync", codes=(0, 1, 3, 4))
    laptop.run("verify", "--deep")
    laptop.run("drill")
    for command in ("status", "health", "doctor"):
        laptop.run(command, codes=(0, 1))
    fell = laptop.run("log", "--role", "user", "-", typed=SAID["message"], codes=(70,), FALL="1")
    assert fell == ""
    assert b"netto-tui had to stop: KeyError" in laptop.told[-1]
    laptop.run("sync", codes=(3, 4), NETTO_GITHUB_TOKEN=stage.secrets["wrong token"])
    return stage


def everything(stage: Stage) -> dict[str, str]:
    return SAID | stage.secrets


def journal(device: Device) -> str:
    with sqlite3.connect(f"file:{device.home / 'index.db'}?mode=ro", uri=True) as sql:
        return "\n".join("\t".join(map(str, row)) for row in sql.execute("SELECT * FROM journal"))


def test_the_story_was_told_and_what_is_searched_has_something_in_it(stage: Stage) -> None:
    assert leaks(SAID, folders=[stage.laptop.home / "sessions"]), "here it lies in plain text, by design"
    repository = stage.github.directory("alice/vault")
    assert sum(file.stat().st_size for file in repository.rglob("*") if file.is_file()) > 10_000
    assert sum(file.stat().st_size for file in (stage.folder / "firestore").rglob("*") if file.is_file()) > 10_000
    assert len(stage.github.log()) > 20
    assert journal(stage.laptop).count("\n") > 3
    assert (stage.laptop.home / "log" / "app.log").stat().st_size


def test_the_remotes_hold_nothing_of_what_was_said(stage: Stage) -> None:
    found = leaks(SAID, folders=[stage.github.directory("alice/vault"), stage.folder / "firestore"])
    assert not found
    keys = {name: text for name, text in stage.secrets.items() if "code" in name or "key" in name}
    assert not leaks(keys, folders=[stage.folder / "github", stage.folder / "firestore"])


def test_the_logs_of_the_servers_hold_nothing(stage: Stage) -> None:
    logs = {"github": json.dumps(stage.github.log()), "firestore": repr(stage.firestore.log())}
    assert not leaks(everything(stage), outputs=logs)


def test_our_logs_journals_and_crashes_hold_nothing(stage: Stage) -> None:
    for device in (stage.laptop, stage.phone):
        told = {f"command {number}": output for number, output in enumerate(device.told)}
        found = leaks(everything(stage), outputs=told | {"journal": journal(device)})
        if (device.home / "log").is_dir():
            found += leaks(everything(stage), folders=[device.home / "log"])
        assert not found


def test_no_secret_lies_in_a_vault(stage: Stage) -> None:
    for device in (stage.laptop, stage.phone):
        assert not leaks(stage.secrets, folders=[device.home])
        cache = device.home / ".netto" / "cache"
        assert not leaks(SAID, folders=[cache]), "what is kept of the remotes is as sealed as they are"


def test_no_argument_list_of_any_process_tells_anything(stage: Stage) -> None:
    started = (stage.folder / "started.txt").read_text()
    assert started.count("cli.main") > 20
    assert not leaks(everything(stage), outputs={"arguments": started})


def test_nothing_stays_in_the_folder_for_temporary_files(stage: Stage) -> None:
    rest = [path for path in stage.folder.iterdir() if path.name not in ("github", "firestore", "source")]
    names = {"laptop", "phone", "laptop.key", "phone.key", "started.txt"}
    unexpected = [path for path in rest if path.name not in names]
    assert not leaks(everything(stage), folders=[path for path in unexpected if path.is_dir()])
    assert not leaks(everything(stage), files=[path for path in unexpected if path.is_file()])


@pytest.mark.skipif(not shutil.which("prlimit"), reason="prlimit is not here")
def test_no_core_is_dumped_even_where_the_shell_would(stage: Stage) -> None:
    code = "import signal, os; os.kill(os.getpid(), signal.SIGSEGV)"
    program = f"from netto_tui import cli, process; cli.run = lambda argv: exec({code!r}); cli.main(['list'])"
    folder = stage.folder / "core"
    folder.mkdir()
    command = ["prlimit", "--core=unlimited:unlimited", sys.executable, "-c", program]
    done = subprocess.run(command, cwd=folder, env=stage.laptop.env, capture_output=True, check=False)
    assert done.returncode == -11
    assert list(folder.iterdir()) == []
