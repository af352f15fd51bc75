"""`init` with remotes: what it asks and keeps, what it says is missing, and that nothing asks without a terminal."""

from __future__ import annotations

import json
import os
import re
import termios
import threading
import time
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from netto_tui import config
from netto_tui.errors import UsageError
from netto_tui.setup import targets
from tests.cli.conftest import Program, code_of
from tests.servers import keyrings
from tests.servers.firestore.server import FirestoreServer
from tests.servers.github.server import GitHubServer
from tests.tui.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
VAULT = "--replica=github=github:alice/vault"


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    """GitHub, and no token in the environment."""
    monkeypatch.delenv("NETTO_GITHUB_TOKEN", raising=False)
    with GitHubServer(tmp_path / "github").start() as server:
        monkeypatch.setenv("NETTO_GITHUB_API", server.url)
        yield server


@pytest.fixture
def firestore(monkeypatch: pytest.MonkeyPatch) -> Iterator[FirestoreServer]:
    """Firestore with one project."""
    with FirestoreServer() as server:
        server.create("my-project")
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", server.address)
        yield server


@pytest.fixture(autouse=True)
def memory() -> Iterator[keyrings.Memory]:
    """A keyring that works."""
    backend = keyrings.Memory()
    with keyrings.used(backend):
        yield backend


def replicas(home: Path) -> dict[str, str]:
    return {each.name: f"{each.kind}:{each.target}" for each in config.load(home / "config.toml").replicas}


def test_a_token_from_a_pipe_is_tried_kept_and_the_repository_made(
    netto: Program, home: Path, github: GitHubServer, memory: keyrings.Memory
) -> None:
    done = netto("init", VAULT, "--token-stdin", stdin=f"{github.token}\n")
    assert done.code == 0, done.err
    assert replicas(home) == {"github": "github:alice/vault"}
    assert github.token in memory.kept.values() and github.token not in done.out + done.err
    made = github.store.find("alice", "vault")
    assert made is not None and made.private
    assert github.token not in (home / "config.toml").read_text()


def test_a_token_in_the_environment_is_enough_and_is_not_kept(
    netto: Program, home: Path, github: GitHubServer, memory: keyrings.Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETTO_GITHUB_TOKEN", github.token)
    assert netto("init", VAULT).code == 0
    assert not memory.kept


def test_without_a_token_and_a_terminal_nothing_is_asked(netto: Program, home: Path, github: GitHubServer) -> None:
    done = netto("init", VAULT)
    assert done.code == 4
    assert "NETTO_GITHUB_TOKEN" in done.err and "no token" in done.err
    assert not home.exists()


@pytest.mark.parametrize("args", [("--token-stdin",), ("--credentials", "key.json")])
def test_a_secret_without_a_replica_for_it_is_a_question_of_usage(netto: Program, args: tuple[str, ...]) -> None:
    done = netto("init", "--replica", "disk=folder:x", *args)
    assert done.code == 2 and args[0] in done.err


def test_what_is_no_token_is_refused_and_not_told(netto: Program, home: Path, github: GitHubServer) -> None:
    done = netto("init", VAULT, "--token-stdin", stdin="se cret")
    assert done.code == 4 and "se cret" not in done.err
    assert not github.log() and not home.exists()


def test_a_keyring_that_does_not_keep_stops_it_before_anything_is_made(
    netto: Program, home: Path, github: GitHubServer
) -> None:
    github.create_repository("vault")
    with keyrings.used(keyrings.Lying()):
        done = netto("init", VAULT, "--token-stdin", stdin=github.token)
    assert done.code == 4 and "did not keep" in done.err and github.token not in done.err
    assert not home.exists()


FAULTS = [
    ("wrong", 4, ("does not accept the token", "wrong, expired or revoked")),
    ("expired", 4, ("does not accept the token", "personal-access-tokens")),
    ("scope", 4, ("scope “repo”", "fine-grained")),
    ("reads", 4, ("Contents: Read and write", "Only select repositories")),
    ("public", 5, ("is public", "Danger Zone")),
    ("archived", 5, ("archived",)),
    ("renamed", 5, ("renamed or transferred", "config.toml")),
    ("nobody", 2, ("knows nobody called nobody",)),
    ("portal", 3, ("Something else answers", "login page")),
    ("limit", 3, ("asks to wait",)),
]


@pytest.mark.parametrize(("fault", "code", "words"), FAULTS, ids=[fault for fault, _, _ in FAULTS])
def test_each_fault_of_a_repository_or_token_is_named_with_its_fix(
    netto: Program, home: Path, github: GitHubServer, fault: str, code: int, words: tuple[str, ...]
) -> None:
    github.create_repository("vault", private=fault != "public")
    token, replica = github.token, VAULT
    if fault == "wrong":
        token = "ghp_wrong"  # noqa: S105  # no token of anybody
    elif fault == "expired":
        token = github.add_token("alice", expires=int(time.time()) - 10)
    elif fault == "scope":
        token = github.add_token("alice", scopes="gist, read:org")
    elif fault == "reads":
        token = github.add_token("alice", scopes=None, write=False)
    elif fault == "archived":
        found = github.store.find("alice", "vault")
        assert found is not None
        found.archived = True
    elif fault == "renamed":
        github.change("rename", repository="alice/vault", name="other")
    elif fault == "portal":
        github.faults({"match": "GET /.*", "kind": "html", "times": None})
    elif fault == "limit":
        github.faults({"match": "GET /.*", "kind": "status", "code": 429, "times": None, "retry_after": 3000})
    elif fault == "nobody":
        replica = "--replica=github=github:nobody/vault"
    done = netto("init", replica, "--token-stdin", stdin=token)
    assert done.code == code, done.err
    for word in words:
        assert word in done.err
    assert token not in done.err and not home.exists()


def test_a_repository_that_the_token_may_not_make_is_described_for_making_it_by_hand(
    netto: Program, home: Path, github: GitHubServer
) -> None:
    github.faults({"match": "POST /user/repos", "kind": "status", "code": 403, "ready": "scope"})
    done = netto("init", VAULT, "--token-stdin", stdin=github.token)
    assert done.code == 4
    for word in ("/new", "Private", "owner alice", "name vault", "Contents: Read and write"):
        assert word in done.err
    assert not home.exists()


def test_a_repository_that_was_made_and_stays_out_of_sight_of_the_token_is_not_added(
    netto: Program, home: Path, github: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netto_tui.setup.trial.LAG_WAITS", (0.0,))
    token = github.add_token("alice", scopes=None, repositories=[])
    done = netto("init", VAULT, "--token-stdin", stdin=token)
    assert done.code == 4 and "may not see it" in done.err and "Only select repositories" in done.err
    assert not home.exists()


def test_an_api_that_cannot_be_reached_changes_nothing(
    netto: Program, home: Path, github: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETTO_GITHUB_API", "http://127.0.0.1:9")
    monkeypatch.setattr("netto_tui.replicas.github_client.ATTEMPTS", 1)
    done = netto("init", VAULT, "--token-stdin", stdin=github.token)
    assert done.code == 3 and "could not be reached" in done.err
    assert not home.exists()


def test_the_api_that_the_environment_named_is_kept_for_the_time_without_it(
    netto: Program, home: Path, github: GitHubServer, memory: keyrings.Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert netto("init", VAULT, "--token-stdin", stdin=github.token).code == 0
    monkeypatch.delenv("NETTO_GITHUB_API")
    done = netto("sync")
    assert done.code == 0, done.err


def test_a_remote_that_is_there_already_is_given_a_new_token(
    netto: Program, home: Path, github: GitHubServer, memory: keyrings.Memory
) -> None:
    assert netto("init", VAULT, "--token-stdin", stdin=github.token).code == 0
    fresh = github.add_token("alice", scopes=None)
    done = netto("init", VAULT, "--token-stdin", stdin=fresh)
    assert done.code == 0, done.err
    assert list(memory.kept.values()) == [fresh]
    assert replicas(home) == {"github": "github:alice/vault"}
    refused = netto("init", VAULT, "--token-stdin", stdin="ghp_wrong")
    assert refused.code == 4 and list(memory.kept.values()) == [fresh]


def test_firestore_is_added_without_a_key_while_an_emulator_is_named(
    netto: Program, home: Path, firestore: FirestoreServer
) -> None:
    done = netto("init", "--replica", "cloud=firestore:my-project/me")
    assert done.code == 0, done.err
    assert "emulator" in done.err
    assert replicas(home) == {"cloud": "firestore:my-project/me"}


@pytest.mark.parametrize(
    ("rpc", "kind", "code", "words"),
    [
        ("BatchGetDocuments", "PERMISSION_DENIED", 4, "Cloud Datastore User"),
        ("Commit", "PERMISSION_DENIED", 4, "and not write"),
        ("BatchGetDocuments", "UNAUTHENTICATED", 4, "not valid"),
        ("BatchGetDocuments", "RESOURCE_EXHAUSTED", 3, "quota"),
        ("BatchGetDocuments", "UNAVAILABLE", 3, "does not answer"),
    ],
)
def test_each_fault_of_a_project_is_named_with_its_fix(
    netto: Program, home: Path, firestore: FirestoreServer, rpc: str, kind: str, code: int, words: str
) -> None:
    firestore.fault(rpc, kind)
    done = netto("init", "--replica", "cloud=firestore:my-project/me")
    assert done.code == code and words in done.err
    assert not home.exists()


def test_a_database_that_is_missing_is_named_with_the_page_that_makes_one(
    netto: Program, firestore: FirestoreServer
) -> None:
    done = netto("init", "--replica", "cloud=firestore:other-project/me")
    assert done.code == 3
    assert "firestore/databases?project=other-project" in done.err


def test_a_key_file_that_is_none_is_refused_before_anything_is_asked(
    netto: Program, tmp_path: Path, firestore: FirestoreServer
) -> None:
    (tmp_path / "key.json").write_text('{"type": "authorized_user", "refresh_token": "1//secret"}')
    for path, words in ((tmp_path / "key.json", "not the key"), (tmp_path / "none.json", "cannot be read")):
        done = netto("init", "--replica", "cloud=firestore:my-project/me", "--credentials", str(path))
        assert done.code == 2 and words in done.err and "1//secret" not in done.err


def key_table(address: str = "https://oauth2.googleapis.com/token") -> dict[str, str]:
    """The key of a service account, with a private key of its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return {
        "type": "service_account",
        "project_id": "my-project",
        "private_key": pem,
        "client_email": "netto@my-project.iam.gserviceaccount.com",
        "token_uri": address,
    }


class Refusing(ThreadingHTTPServer):
    """Google's sign-in, which refuses with what `refusal` says."""

    refusal: dict[str, str | None]


class SignIn(BaseHTTPRequestHandler):
    """The answer of that sign-in."""

    server: Refusing

    def do_POST(self) -> None:
        body = json.dumps(self.server.refusal).encode()
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.parametrize(
    ("refusal", "code", "words"),
    [
        ("Invalid JWT Signature.", 4, "deleted, disabled or expired"),
        ("Invalid grant: account not found", 4, "Make a new key"),
        ("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.", 4, "clock"),
        (None, 3, "could not be reached"),
    ],
)
def test_a_key_that_google_refuses_is_named_before_the_database_is_asked(
    netto: Program,
    home: Path,
    tmp_path: Path,
    memory: keyrings.Memory,
    monkeypatch: pytest.MonkeyPatch,
    refusal: str | None,
    code: int,
    words: str,
) -> None:
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    with Refusing(("127.0.0.1", 0), SignIn) as server:
        server.refusal = {"error": "invalid_grant", "error_description": refusal}
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_port if refusal is not None else 9
        (tmp_path / "key.json").write_text(json.dumps(key_table(f"http://127.0.0.1:{port}/token")))
        options = ("--replica", "cloud=firestore:my-project/me", "--credentials", str(tmp_path / "key.json"))
        done = netto("init", *options)
        server.shutdown()
    assert done.code == code and words in done.err
    assert "PRIVATE KEY" not in done.err
    assert not memory.kept and not home.exists()


def test_a_key_file_is_kept_in_the_keyring(
    netto: Program, tmp_path: Path, firestore: FirestoreServer, memory: keyrings.Memory
) -> None:
    table = key_table()
    path = tmp_path / "key.json"
    path.write_text(json.dumps(table))
    done = netto("init", "--replica", "cloud=firestore:my-project/me", "--credentials", str(path))
    assert done.code == 0, done.err
    assert json.loads(memory.kept["firebase my-project"]) == table


@pytest.mark.parametrize(
    ("answer", "target", "api"),
    [
        ("alice/vault", "alice/vault", ""),
        ("https://github.com/alice/vault", "alice/vault", ""),
        ("https://github.com/alice/vault.git", "alice/vault", ""),
        ("https://www.github.com/alice/vault/tree/main?tab=readme", "alice/vault", ""),
        ("git@github.com:alice/vault.git", "alice/vault", ""),
        ("github.com/alice/vault", "alice/vault", ""),
        ("https://git.example.com/team/vault", "team/vault", "https://git.example.com/api/v3"),
        ("git@git.example.com:team/vault.git", "team/vault", "https://git.example.com/api/v3"),
        ("https://us.ghe.com/team/vault", "team/vault", "https://api.us.ghe.com"),
        ("https://me:secret@github.com/alice/vault", "alice/vault", ""),
    ],
)
def test_a_repository_is_understood_however_its_address_is_written(answer: str, target: str, api: str) -> None:
    found = targets.read_target("github", "github", answer, Path())
    assert (found.target, found.api_url) == (target, api)
    assert targets.read_target("github", "github", target, Path()).target == target


@pytest.mark.parametrize("answer", ["alice", "alice/", "/vault", "alice/va ult", "alice/..", "-a/b", "a/b\x1b[2J", ""])
def test_what_names_no_repository_is_refused(answer: str) -> None:
    with pytest.raises(UsageError):
        targets.read_target("github", "github", answer, Path())


@pytest.mark.parametrize(
    "answer", ["project", "project/", "Project/me", "p/a/b", "p/..", "p/__me__", "/me", "p/" + "x" * 200]
)
def test_what_names_nobody_in_a_project_is_refused(answer: str) -> None:
    with pytest.raises(UsageError):
        targets.read_target("cloud", "firestore", answer, Path())


class Asked:
    """`netto-tui init` at a terminal, with a keyring in a file."""

    def __init__(self, home: Path, *args: str, backend: str = "InFile", **env: str) -> None:
        settings = {
            "NETTO_HOME": str(home),
            "NETTO_TEST_KEYRING": str(home.parent / "keyring.json"),
            "PYTHON_KEYRING_BACKEND": f"tests.servers.keyrings.{backend}",
            "PYTHONPATH": str(ROOT),
            **env,
        }
        self.home = home
        self.terminal = Terminal("-m", "netto_tui", "init", *args, size=(80, 24), env=settings)

    def answer(self, question: str, text: str) -> None:
        """Wait for a question after the last answer, and answer it."""
        self.terminal.until(question.encode(), since=self.seen)
        self.seen = len(self.terminal.output)
        self.terminal.type(f"{text}\r")

    seen = 0

    @property
    def text(self) -> str:
        return self.terminal.output.decode()

    @property
    def code(self) -> str:
        """The recovery code that was shown."""
        [found] = re.findall(r"Recovery code\s+(\S+)", self.text)
        return str(found)

    @property
    def kept(self) -> dict[str, str]:
        path = self.home.parent / "keyring.json"
        return json.loads(path.read_text()) if path.exists() else {}


def test_at_a_terminal_it_asks_step_by_step_and_shows_no_token(
    home: Path, tmp_path: Path, github: GitHubServer
) -> None:
    asked = Asked(home, NETTO_GITHUB_API=github.url)
    try:
        asked.answer("A number", "1")
        asked.answer("Which repository?", "no repository")
        asked.answer("Which repository?", "alice/vault")
        asked.answer("called?", "")
        asked.answer("Token (it does not show)", "ghp_wrong")
        asked.answer("Token (it does not show)", github.token)
        asked.answer("Make it, private?", "")
        asked.answer("Seal what goes there", "")
        asked.answer("Type the recovery code back", "0000-0000-0000-0000-0000-0000-0001")
        asked.answer("Type the recovery code back", asked.code.lower().replace("-", " "))
        asked.answer("A number", "3")
        asked.answer("Which folder?", str(tmp_path / "disk"))
        asked.answer("called?", "disk")
        asked.answer("Seal what goes there", "n")
        asked.answer("A number", "")
        assert asked.terminal.ended() == 0, asked.text
    finally:
        asked.terminal.close()
    assert replicas(home) == {"github": "github:alice/vault", "disk": f"folder:{tmp_path / 'disk'}"}
    assert github.token in asked.kept.values()
    settings = tomllib.loads((home / "config.toml").read_text())["replicas"]
    assert [each.get("plain", False) for each in settings] == [False, True]
    assert asked.text.count(asked.code) == 1, "once on the kit, never when it is typed"
    assert github.token not in asked.text and "ghp_wrong" not in asked.text
    assert "Contents: Read and write" in asked.text, "what the token has to be able to do"
    assert "does not accept the token" in asked.text


@pytest.mark.parametrize("way", ["by name", "by asking"])
def test_a_token_that_works_is_exchanged_when_a_person_wants_it(home: Path, github: GitHubServer, way: str) -> None:
    github.create_repository("vault")
    fresh = github.add_token("alice", scopes=None)
    first = Asked(home, VAULT, "--plain", NETTO_GITHUB_API=github.url)
    second: Asked | None = None
    try:
        first.answer("Token (it does not show)", github.token)
        assert first.terminal.ended() == 0, first.text
        second = Asked(home, *([VAULT] if way == "by name" else []), NETTO_GITHUB_API=github.url)
        if way == "by asking":
            second.answer("A number", "1")
            second.answer("Which repository?", "alice/vault")
        second.answer("Give it a new one?", "y")
        second.answer("Token (it does not show)", fresh)
        if way == "by asking":
            second.answer("A number", "")
        assert second.terminal.ended() == 0, second.text
    finally:
        first.terminal.close()
        if second is not None:
            second.terminal.close()
    assert list(second.kept.values()) == [fresh]
    assert replicas(home) == {"github": "github:alice/vault"}


def test_a_place_that_cannot_be_used_leads_back_to_the_choice(home: Path, github: GitHubServer) -> None:
    github.create_repository("open", private=False)
    asked = Asked(home, NETTO_GITHUB_API=github.url, NETTO_GITHUB_TOKEN=github.token)
    try:
        asked.answer("A number", "1")
        asked.answer("Which repository?", "alice/open")
        asked.answer("called?", "")
        asked.terminal.until(b"is public")
        asked.answer("A number", "")
        assert asked.terminal.ended() == 0
    finally:
        asked.terminal.close()
    assert "Danger Zone" in asked.text and replicas(home) == {}


def test_without_a_keyring_it_says_so_before_a_token_is_typed(home: Path, github: GitHubServer) -> None:
    asked = Asked(home, VAULT, backend="Locked", NETTO_GITHUB_API=github.url)
    try:
        assert asked.terminal.ended() == 4
    finally:
        asked.terminal.close()
    assert "no place to keep a secret" in asked.text.replace("\r\n", " ") and "locked" in asked.text
    assert "NETTO_GITHUB_TOKEN" in asked.text


def test_leaving_in_the_middle_leaves_nothing_behind(home: Path, github: GitHubServer) -> None:
    asked = Asked(home, VAULT, NETTO_GITHUB_API=github.url)
    try:
        asked.terminal.until(b"Token (it does not show)")
        asked.terminal.wait(lambda: not termios.tcgetattr(asked.terminal.fd)[3] & termios.ECHO)  # it reads by now
        asked.terminal.type("\x03")
        assert asked.terminal.ended() == 130
    finally:
        asked.terminal.close()
    assert not home.exists() and not asked.kept


def test_an_empty_vault_becomes_the_one_that_a_replica_belongs_to_when_a_person_says_so(
    netto: Program, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "disk"
    first = netto("init", "--json", "--replica", f"disk=folder:{disk}").json["vault"]
    code = code_of(netto)
    monkeypatch.setenv("NETTO_HOME", str(tmp_path / "other"))
    assert netto("init", "--json").json["vault"] != first
    assert netto("init", "--replica", f"disk=folder:{disk}").code == 5, "not without a word"
    asked = Asked(tmp_path / "other")
    try:
        asked.answer("A number", "3")
        asked.answer("Which folder?", str(disk))
        asked.answer("called?", "")
        asked.answer("Seal what goes there", "")
        asked.answer("Bring that vault here?", "y")
        asked.answer("recovery code, or a passphrase", "not a code")
        asked.answer("recovery code, or a passphrase", code)
        asked.answer("A number", "")
        assert asked.terminal.ended() == 0
    finally:
        asked.terminal.close()
    assert json.loads((tmp_path / "other" / ".netto" / "vault.json").read_text())["vault"] == first
    assert netto("sync").code == 0


def test_a_sealed_replica_without_a_place_for_keys_is_refused_and_leaves_nothing(
    netto: Program, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NETTO_KEY_FILE")
    with keyrings.used(keyrings.Locked()):
        done = netto("init", "--replica", f"disk=folder:{tmp_path / 'disk'}")
    assert done.code == 4 and "NETTO_KEY_FILE" in done.err
    assert not home.exists() and not (tmp_path / "disk").exists()
    assert netto("init", "--plain", "--replica", f"disk=folder:{tmp_path / 'disk'}").code == 0


def test_asking_for_nothing_leaves_the_settings_as_a_person_wrote_them(netto: Program, home: Path) -> None:
    assert netto("init").code == 0
    (home / "config.toml").write_text("# mine\ninterval_minutes = 10\n")
    asked = Asked(home)
    try:
        asked.answer("A number", "")
        assert asked.terminal.ended() == 0
    finally:
        asked.terminal.close()
    assert (home / "config.toml").read_text().startswith("# mine")


def test_help_names_every_kind(netto: Program) -> None:
    text = netto("init", "--help").out
    for kind in ("github:", "firestore:", "folder:", "git:", "--token-stdin", "--credentials"):
        assert kind in text
    assert os.linesep in text
