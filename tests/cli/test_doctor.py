"""`doctor`: every fault of a remote, a credential or the keyring is named, with what to do about it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Program
from tests.servers import keyrings
from tests.servers.firestore.server import FirestoreServer
from tests.servers.github.server import GitHubServer

DAY = 24 * 3600


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    """GitHub, with a private repository."""
    with GitHubServer(tmp_path / "github").start() as server:
        monkeypatch.setenv("NETTO_GITHUB_API", server.url)
        monkeypatch.setenv("NETTO_GITHUB_TOKEN", server.token)
        server.create_repository("vault")
        yield server


@pytest.fixture
def firestore(monkeypatch: pytest.MonkeyPatch) -> Iterator[FirestoreServer]:
    """Firestore with one project."""
    with FirestoreServer() as server:
        server.create("my-project")
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", server.address)
        yield server


@pytest.fixture
def memory() -> Iterator[keyrings.Memory]:
    """A keyring that works."""
    backend = keyrings.Memory()
    with keyrings.used(backend):
        yield backend


Ask = Callable[[], dict[str, dict[str, Any]]]


@pytest.fixture
def ask(netto: Program) -> Ask:
    """What the doctor says, by name; of several with one name the worst."""

    def look() -> dict[str, dict[str, Any]]:
        done = netto("doctor", "--json")
        checks = sorted(done.json["checks"], key=lambda check: ("ok", "warn", "bad").index(check["state"]))
        found = {check["name"]: check for check in checks}
        assert done.code == (1 if any(check["state"] == "bad" for check in checks) else 0)
        assert all(check["remedy"] for check in checks if check["state"] != "ok"), "every fault has a fix"
        return found

    return look


@pytest.fixture
def vault(netto: Program, github: GitHubServer, firestore: FirestoreServer, memory: keyrings.Memory) -> Program:
    """A vault with both remotes."""
    made = netto("init", "--replica", "github=github:alice/vault", "--replica", "cloud=firestore:my-project/me")
    assert made.code == 0, made.err
    return netto


def test_all_is_well_and_says_what_is_in_use(vault: Program, ask: Ask, firestore: FirestoreServer) -> None:
    found = ask()
    assert found["github"]["state"] == found["cloud"]["state"] == found["keyring"]["state"] == "ok"
    assert found["github permission"]["state"] == "ok"
    assert found["cloud account"]["state"] == "warn" and firestore.address in found["cloud account"]["detail"]
    assert found["keyring"]["detail"] == "a keyring in memory"


def revoke(github: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETTO_GITHUB_TOKEN", "ghp_revoked")


def narrow(github: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETTO_GITHUB_TOKEN", github.add_token("alice", scopes=None, write=False))


def publish(github: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    github.change("visibility", repository="alice/vault", visibility="public")


def contradict(github: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    github.change("visibility", repository="alice/vault", visibility="public", private=True)


def rename(github: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    github.change("rename", repository="alice/vault", name="attic")


def transfer(github: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    github.add_organization("team", ["alice"])
    github.change("transfer", repository="alice/vault", owner="team")


def take_away(github: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    github.add_user("bob")
    github.change("transfer", repository="alice/vault", owner="bob")


def delete(github: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    github.change("delete", repository="alice/vault")


def forget(github: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETTO_GITHUB_TOKEN")


@pytest.mark.parametrize(
    ("spoil", "said", "fix"),
    [
        (revoke, "does not accept the token", "personal-access-tokens"),
        (narrow, "lacks Contents: Read and write", "Only select repositories"),
        (publish, "is public", "Danger Zone"),
        (contradict, "is public", "Danger Zone"),
        (rename, "renamed or transferred", "config.toml"),
        (transfer, "renamed or transferred", "config.toml"),
        (take_away, "out of sight", "--rebuild"),
        (delete, "was deleted", "--rebuild"),
        (forget, "no token", "netto-tui init"),
    ],
)
def test_what_is_wrong_at_github_is_named_with_its_fix(
    vault: Program,
    ask: Ask,
    github: GitHubServer,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[GitHubServer, pytest.MonkeyPatch], None],
    said: str,
    fix: str,
) -> None:
    spoil(github, monkeypatch)
    found = ask()
    assert found["github"]["state"] == "bad"
    assert said in found["github"]["detail"] and fix in found["github"]["remedy"]
    assert found["cloud"]["state"] == "ok", "one replica's fault is its own"


@pytest.mark.parametrize(("days", "state"), [(60, "ok"), (14, "warn"), (3, "warn")])
def test_the_days_of_a_token_are_told_and_few_of_them_are_worth_a_word(
    vault: Program, ask: Ask, github: GitHubServer, monkeypatch: pytest.MonkeyPatch, days: int, state: str
) -> None:
    token = github.add_token("alice", scopes=None, expires=int(time.time()) + days * DAY + 3600)
    monkeypatch.setenv("NETTO_GITHUB_TOKEN", token)
    found = ask()
    assert found["github token"]["state"] == state and f"{days} days" in found["github token"]["detail"]


def test_a_clock_that_is_wrong_is_noticed(vault: Program, ask: Ask, github: GitHubServer) -> None:
    github.change("clock", offset=-600)
    found = ask()
    assert found["github clock"]["state"] == "warn" and "ahead of" in found["github clock"]["detail"]


def test_an_api_that_cannot_be_reached_is_named(
    vault: Program, home: Path, ask: Ask, github: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = home / "config.toml"
    settings.write_text(settings.read_text().replace(github.url, "http://127.0.0.1:9"))
    monkeypatch.setattr("netto_tui.replicas.github_client.ATTEMPTS", 1)
    assert "could not be reached" in ask()["github"]["detail"]


@pytest.mark.parametrize(
    ("backend", "said"),
    [(keyrings.Locked(), "locked"), (keyrings.PlaintextFile(), "protects nothing")],
)
def test_the_keyring_is_bad_only_where_something_depends_on_it(
    vault: Program, ask: Ask, monkeypatch: pytest.MonkeyPatch, backend: keyrings.Memory, said: str
) -> None:
    with keyrings.used(backend):
        found = ask()
        assert found["keyring"]["state"] == "warn" and said in found["keyring"]["detail"]
        monkeypatch.delenv("NETTO_GITHUB_TOKEN")
        found = ask()
        assert found["keyring"]["state"] == "bad" and "github" in found["keyring"]["remedy"]


def test_a_keyring_that_hangs_does_not_hang_the_doctor(
    vault: Program, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netto_tui.security.keyring_store.SECONDS", 0.1)
    backend = keyrings.Hanging()
    with keyrings.used(backend):
        assert "did not answer" in ask()["keyring"]["detail"]
        backend.answered.set()


@pytest.mark.parametrize(
    ("rpc", "kind", "said"),
    [
        ("BatchGetDocuments", "PERMISSION_DENIED", "do not permit"),
        ("Commit", "PERMISSION_DENIED", "and not write"),
        ("BatchGetDocuments", "UNAUTHENTICATED", "not valid"),
        ("BatchGetDocuments", "RESOURCE_EXHAUSTED", "quota"),
    ],
)
def test_what_is_wrong_at_firestore_is_named_with_its_fix(
    vault: Program, ask: Ask, firestore: FirestoreServer, rpc: str, kind: str, said: str
) -> None:
    firestore.fault(rpc, kind)
    found = ask()
    assert found["cloud"]["state"] == "bad" and said in found["cloud"]["detail"]
    assert found["github"]["state"] == "ok"


def test_a_database_that_is_gone_is_named_with_the_page_that_makes_one(
    vault: Program, ask: Ask, firestore: FirestoreServer
) -> None:
    firestore.remove("my-project")
    assert "firestore/databases?project=my-project" in ask()["cloud"]["remedy"]


def test_an_emulator_that_is_not_running_is_named(vault: Program, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:9")
    found = ask()
    assert "emulator at 127.0.0.1:9 does not answer" in found["cloud"]["detail"]


def test_a_proxy_is_told_without_its_password(
    vault: Program, ask: Ask, netto: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("https_proxy", "http://me:secret@proxy.example.com:3128")
    assert ask()["proxy"]["detail"] == "https goes through proxy.example.com:3128"
    told = netto("doctor")
    assert "secret" not in told.out + told.err


def test_no_token_is_ever_printed(vault: Program, github: GitHubServer) -> None:
    for args in (("doctor",), ("doctor", "--json")):
        done = vault(*args)
        assert github.token not in done.out + done.err


def test_a_vault_without_remotes_has_no_use_for_a_keyring(netto: Program, ask: Ask, tmp_path: Path) -> None:
    backend = keyrings.Hanging()
    with keyrings.used(backend):
        assert netto("init", "--replica", f"disk=folder:{tmp_path / 'disk'}").code == 0
        found = ask()
    assert "keyring" not in found and not backend.asked
