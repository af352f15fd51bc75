"""Secrets on their way into and out of the keyring, and what opens the remotes."""

from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.backends import fail, null

from netto_tui.errors import Denied, NettoError, UsageError
from netto_tui.security import credentials, keyring_store
from netto_tui.security.credentials import firebase_credential, github_token
from netto_tui.security.secret import Secret
from tests.servers import keyrings

TOKEN = "github_pat_11ABCDEFG0secret0secret"  # noqa: S105  # no token of anybody

Use = Callable[[KeyringBackend], KeyringBackend]


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("NETTO_GITHUB_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS", "FIRESTORE_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))  # nobody's own default credentials
    monkeypatch.setenv("NO_GCE_CHECK", "true")


@pytest.fixture
def use() -> Iterator[Use]:
    """Make a backend the keyring of this process for one test."""
    before = keyring.get_keyring()

    def take(backend: KeyringBackend) -> KeyringBackend:
        keyring.set_keyring(backend)
        return backend

    yield take
    keyring.set_keyring(before)


@pytest.fixture
def memory(use: Use) -> keyrings.Memory:
    found = keyrings.Memory()
    use(found)
    return found


@pytest.fixture(scope="session")
def key_file() -> str:
    """The JSON of a service account with a real private key, as the Google Cloud console gives it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "my-vault",
            "private_key_id": "0" * 40,
            "private_key": pem,
            "client_email": "netto@my-vault.iam.gserviceaccount.com",
            "client_id": "1" * 21,
            "token_uri": "https://oauth2.googleapis.com/token",
        },
        indent=2,
    )


def test_a_token_that_is_kept_is_given_for_its_repository_in_any_case_of_letters(memory: keyrings.Memory) -> None:
    credentials.keep(credentials.github_account("", "Alice/Vault"), TOKEN)
    assert github_token("", "alice/vault") == TOKEN
    assert github_token("https://api.github.com", "Alice/Vault") == TOKEN
    assert list(memory.kept) == ["github api.github.com alice/vault"]


def test_a_token_for_a_host_serves_its_repositories_and_no_other_host(memory: keyrings.Memory) -> None:
    credentials.keep(credentials.github_host_account("https://ghe.example.com:8443/api/v3"), TOKEN)
    assert github_token("https://ghe.example.com:8443/api/v3/", "alice/vault") == TOKEN
    with pytest.raises(Denied) as caught:
        github_token("", "alice/vault")
    assert "NETTO_GITHUB_TOKEN" in caught.value.remedy and "netto-tui init" in caught.value.remedy
    assert caught.value.exit_code == 4


def test_the_environment_goes_before_the_keyring_and_does_not_ask_it(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = keyrings.Hanging()
    use(hanging)
    monkeypatch.setenv("NETTO_GITHUB_TOKEN", f" {TOKEN}\n")
    assert github_token("", "alice/vault") == TOKEN
    assert not hanging.asked


@pytest.mark.parametrize("text", ["two words", "line\nbreak", "bell\x07", "émile"])
def test_what_cannot_be_a_token_is_refused_without_telling_it(
    memory: keyrings.Memory, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("NETTO_GITHUB_TOKEN", text)
    with pytest.raises(Denied) as caught:
        github_token("", "alice/vault")
    assert text not in str(caught.value)


def test_a_secret_that_is_forgotten_is_gone_and_forgetting_it_again_is_nothing(memory: keyrings.Memory) -> None:
    keyring_store.keep("a", "1")
    keyring_store.forget("a")
    keyring_store.forget("a")
    assert keyring_store.read("a") is None and not memory.kept


@pytest.mark.parametrize("kind", [keyrings.Memory, keyrings.Short, keyrings.Cutting])
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4000), max_size=4))
def test_any_secret_comes_back_as_it_was_and_leaves_no_pieces(kind: type[keyrings.Memory], texts: list[str]) -> None:
    backend = kind()
    with keyrings.used(backend):
        for text in texts:
            keyring_store.keep("a", text)
            assert keyring_store.read("a") == text
        keyring_store.forget("a")
        assert not backend.kept


def test_a_text_that_looks_like_our_own_mark_comes_back_too(memory: keyrings.Memory) -> None:
    keyring_store.keep("a", "netto-tui in pieces 00000000 99")
    assert keyring_store.read("a") == "netto-tui in pieces 00000000 99"


def test_a_secret_of_which_a_piece_is_missing_is_no_secret(use: Use, key_file: str) -> None:
    backend = keyrings.Short()
    use(backend)
    keyring_store.keep("firebase my-vault", key_file)
    assert all(len(text.encode("utf-16-le")) <= 2560 for text in backend.kept.values())
    del backend.kept[sorted(backend.kept)[-1]]
    with pytest.raises(Denied, match="only a part"):
        firebase_credential("my-vault")


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        (keyrings.Lying(), "did not keep"),
        (keyrings.Locked(), "locked"),
        (null.Keyring(), "null"),
        (fail.Keyring(), "no keyring"),
        (keyrings.PlaintextFile(), "protects nothing"),
    ],
)
@pytest.mark.parametrize("secret", [TOKEN, TOKEN * 100])
def test_a_keyring_that_does_not_keep_says_so_and_tells_no_secret(
    use: Use, backend: KeyringBackend, said: str, secret: str
) -> None:
    use(backend)
    with pytest.raises(Denied, match=said) as caught:
        keyring_store.keep("github api.github.com", secret)
    error: BaseException | None = caught.value
    assert caught.value.remedy
    while error is not None:
        assert TOKEN not in repr(error) and TOKEN not in str(error)
        assert error.__suppress_context__ or error.__context__ is None
        error = error.__cause__


def test_a_failed_writing_leaves_what_was_there(use: Use) -> None:
    class Full(keyrings.Memory):
        def set_password(self, service: str, username: str, password: str) -> None:
            if password.startswith("new"):
                raise OSError(28, "full")
            super().set_password(service, username, password)

    backend = Full()
    use(backend)
    keyring_store.keep("a", "old")
    with pytest.raises(Denied):
        keyring_store.keep("a", "new" * 1000)
    assert backend.kept == {"a": "old"}


def test_a_keyring_that_hangs_is_left_behind_and_works_again_once_answered(
    use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring_store, "SECONDS", 0.05)
    backend = keyrings.Hanging()
    backend.kept["a"] = "kept"
    use(backend)
    for _ in range(5):
        with pytest.raises(Denied, match="did not answer"):
            keyring_store.read("a")
    assert backend.asked == 1, "nobody asks again while a question stands"
    assert sum(thread.name == "netto-keyring" for thread in threading.enumerate()) == 1
    backend.answered.set()
    for thread in threading.enumerate():
        if thread.name == "netto-keyring":
            thread.join()
    monkeypatch.undo()
    assert keyring_store.read("a") == "kept"


def test_a_keyring_whose_daemon_died_is_asked_again(use: Use) -> None:
    backend = keyrings.Dying()
    backend.kept["a"] = "kept"
    use(backend)
    assert keyring_store.read("a") == "kept"


def test_a_chain_of_keyrings_uses_the_first_that_protects(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    from keyring.backends.chainer import ChainerBackend

    plain, good = keyrings.PlaintextFile(), keyrings.Memory()
    monkeypatch.setattr(ChainerBackend, "backends", [plain, good])
    use(ChainerBackend())
    keyring_store.keep("a", TOKEN)
    assert good.kept == {"a": TOKEN} and not plain.kept


@pytest.mark.parametrize(
    ("backend", "fault"),
    [
        (keyrings.Memory(), ""),
        (keyrings.Locked(), "locked"),
        (null.Keyring(), "null"),
        (fail.Keyring(), "no keyring"),
        (keyrings.PlaintextFile(), "protects nothing"),
    ],
)
def test_looking_at_the_keyring_names_it_and_what_is_wrong(use: Use, backend: KeyringBackend, fault: str) -> None:
    use(backend)
    state = keyring_store.look()
    assert state.backend == backend.name
    assert fault in state.fault and bool(state.remedy) == bool(fault) == bool(state.fault)


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret(TOKEN)
    assert TOKEN not in f"{secret} {secret!r} {[secret]}" and secret.reveal() == TOKEN
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_a_service_account_comes_back_from_the_keyring_as_a_credential(use: Use, key_file: str) -> None:
    use(keyrings.Short())
    credentials.keep(credentials.firebase_account("my-vault"), key_file)
    found = firebase_credential("my-vault").get_credential()
    assert found.service_account_email == "netto@my-vault.iam.gserviceaccount.com"


def test_a_file_of_credentials_serves_where_the_keyring_has_none(
    memory: keyrings.Memory, tmp_path: Path, key_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key.json"
    path.write_text(key_file)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    assert firebase_credential("my-vault").get_credential().service_account_email.startswith("netto@")
    path.write_text("{")
    with pytest.raises(Denied, match="GOOGLE_APPLICATION_CREDENTIALS"):
        firebase_credential("my-vault")


def test_a_locked_keyring_does_not_stand_in_the_way_of_a_file(
    use: Use, tmp_path: Path, key_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(keyrings.Locked())
    path = tmp_path / "key.json"
    path.write_text(key_file)
    with pytest.raises(Denied, match="locked"):
        firebase_credential("my-vault")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    assert firebase_credential("my-vault").get_credential()


def test_an_emulator_asks_for_no_credential_at_all(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    use(keyrings.Locked())
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")
    assert type(firebase_credential("demo").get_credential()).__name__ == "AnonymousCredentials"


def test_without_any_credential_the_error_says_how_to_give_one(memory: keyrings.Memory) -> None:
    with pytest.raises(Denied, match="no credentials") as caught:
        firebase_credential("my-vault")
    assert "--credentials FILE" in caught.value.remedy and caught.value.exit_code == 4


@pytest.mark.parametrize("change", ["type", "private_key", "client_email", "project_id"])
def test_a_key_that_lacks_something_is_refused_without_quoting_it(key_file: str, change: str) -> None:
    table = json.loads(key_file)
    del table[change]
    with pytest.raises(UsageError) as caught:
        credentials.service_account(json.dumps(table), "The file")
    assert "PRIVATE KEY" not in str(caught.value) and "The file" in str(caught.value)


def test_a_broken_private_key_is_refused_without_quoting_it(memory: keyrings.Memory, key_file: str) -> None:
    table = json.loads(key_file)
    table["private_key"] = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"
    credentials.keep("firebase my-vault", json.dumps(table))
    with pytest.raises(NettoError) as caught:
        firebase_credential("my-vault")
    assert "c2VjcmV0" not in str(caught.value) and caught.value.__suppress_context__
