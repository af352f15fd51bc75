"""`netto-tui firebase rules`: shown without a vault, and put in force through the Firebase Rules API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from netto_tui import firebase
from netto_tui.firebase.deploying import is_closed
from tests.cli.conftest import Program
from tests.servers.firebase_rules import EMAIL, RulesApi

LOCKED = """rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    // allow read: if true;
    match /{document=**} {
      allow read, write: if false;
    }
  }
}
"""
OPEN = LOCKED.replace("if false", "if request.auth != null")


@pytest.fixture(scope="session")
def private_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*form).decode()


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private_key: str) -> Iterator[RulesApi]:
    """The service, and a service account of its project in GOOGLE_APPLICATION_CREDENTIALS; no keyring."""
    with RulesApi() as server:
        account = {
            "type": "service_account",
            "project_id": server.project,
            "private_key_id": "1",
            "private_key": private_key,
            "client_email": EMAIL,
            "token_uri": f"{server.url}/token",
        }
        file = tmp_path / "account.json"
        file.write_text(json.dumps(account))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
        monkeypatch.setenv("NETTO_FIREBASE_RULES_API", server.url)
        monkeypatch.setenv("NETTO_FIRESTORE_API", server.url)
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
        yield server


DEPLOY = ("firebase", "rules", "--deploy", "--project", "some-project")


def test_the_rules_are_shown_without_a_vault(netto: Program, home: Path) -> None:
    shown = netto("firebase", "rules")
    assert (shown.code, shown.out) == (0, firebase.rules())
    assert "service cloud.firestore" in shown.out
    assert not home.exists()


def test_the_indexes_are_shown_as_the_json_that_firebase_reads(netto: Program) -> None:
    shown = netto("firebase", "rules", "--indexes")
    found = json.loads(shown.out)
    assert found["indexes"] == []
    exempt = {(one["collectionGroup"], one["fieldPath"]) for one in found["fieldOverrides"] if not one["indexes"]}
    assert {("messages", "record"), ("pieces", "data"), ("chunks", "data")} <= exempt
    named = {one["fieldPath"] for one in found["fieldOverrides"]}
    assert not named & {"updated_at", "written_at"}  # what the replica asks for, both ways round


def test_the_twin_for_programs_names_the_file(netto: Program) -> None:
    assert netto("firebase", "rules", "--json").json == {"name": "firestore.rules", "text": firebase.rules()}
    indexes = netto("--json", "firebase", "rules", "--indexes").json
    assert indexes == {"name": "firestore.indexes.json", "text": firebase.indexes()}


def test_a_database_without_rules_gets_ours(netto: Program, api: RulesApi) -> None:
    done = netto(*DEPLOY)
    assert done.code == 0, done.err
    assert api.in_force() == firebase.rules()
    assert "in force in some-project" in done.out


@pytest.mark.parametrize("before", [LOCKED, firebase.rules() + "// of an earlier version\n"])
def test_closed_rules_and_ours_of_before_are_replaced(netto: Program, api: RulesApi, before: str) -> None:
    old = api.release(before)
    done = netto(*DEPLOY, "--json").json
    assert api.in_force() == firebase.rules()
    assert done["changed"] is True
    assert done["replaced"] == old
    assert api.rulesets[old] == before
    assert done["ruleset"] != old


def test_a_second_deployment_changes_nothing(netto: Program, api: RulesApi) -> None:
    first = netto(*DEPLOY, "--json").json
    api.log.clear()
    second = netto(*DEPLOY, "--json").json
    assert second == {**first, "changed": False, "replaced": None}
    assert [line.split()[0] for line in api.log if "/token" not in line] == ["GET", "GET"]


def test_rules_that_somebody_wrote_are_replaced_only_on_request(netto: Program, api: RulesApi) -> None:
    api.release(OPEN)
    refused = netto(*DEPLOY)
    assert refused.code == 5
    assert "--replace" in refused.err
    assert api.in_force() == OPEN
    assert netto(*DEPLOY, "--replace").code == 0
    assert api.in_force() == firebase.rules()


def test_a_database_of_another_name_has_its_own_release(netto: Program, api: RulesApi) -> None:
    api.release(OPEN)
    assert netto(*DEPLOY, "--database", "netto").code == 0
    assert api.in_force("cloud.firestore/netto") == firebase.rules()
    assert api.in_force() == OPEN


def test_the_project_comes_from_the_vault_where_it_has_one(netto: Program, api: RulesApi, home: Path) -> None:
    assert netto("init", "--zone", "UTC").code == 0
    without = netto("firebase", "rules", "--deploy")
    assert without.code == 2
    assert "--project" in without.err
    (home / "config.toml").write_text(
        '[[replicas]]\nname = "cloud"\nkind = "firestore"\ntarget = "some-project/me"\ndatabase = "netto"\n'
    )
    assert netto("firebase", "rules", "--deploy").code == 0
    assert api.in_force("cloud.firestore/netto") == firebase.rules()


@pytest.mark.parametrize("end", ["/releases/cloud.firestore", "/rulesets"])
def test_a_missing_role_is_named(netto: Program, api: RulesApi, end: str) -> None:
    denied = {"error": {"code": 403, "message": "The caller does not have permission", "status": "PERMISSION_DENIED"}}
    api.faults[("GET" if "releases" in end else "POST", end)] = (403, denied)
    done = netto(*DEPLOY)
    assert done.code == 4
    assert "roles/firebaserules.admin" in done.err
    assert EMAIL in done.err
    assert not api.releases


FAULTS = {
    "the credentials are refused": ("GET", "cloud.firestore", 401, {"error": {"code": 401}}, 4, "credentials"),
    "the sign-in refuses the key": ("POST", "/token", 400, {"error": "invalid_grant"}, 4, "credentials"),
    "the API is switched off": (
        "GET",
        "cloud.firestore",
        403,
        {"error": {"message": "API is disabled", "details": [{"reason": "SERVICE_DISABLED"}]}},
        4,
        "Switch it on",
    ),
    "there is no such project": ("POST", "/rulesets", 404, {"error": {"message": "not found"}}, 2, "project"),
    "it asks to wait": ("POST", "/rulesets", 429, {"error": {"message": "quota"}}, 3, "minute"),
    "it is in trouble": ("POST", "/rulesets", 503, "<html>", 3, "status 503"),
    "a portal answers": ("GET", "cloud.firestore", 200, "<html>Sign in here</html>", 3, "something else"),
    "it redirects": ("GET", "cloud.firestore", 302, "", 3, "status 302"),
    "the rules are refused": ("POST", "/rulesets", 400, {"error": {"message": "line 9"}}, 3, "line 9"),
    "the release is refused": ("POST", "/releases", 400, {"error": {"message": "no such"}}, 3, "no such"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_has_a_code_and_a_next_step(netto: Program, api: RulesApi, fault: str) -> None:
    method, end, status, body, code, said = FAULTS[fault]
    api.faults[(method, end)] = (status, body)
    done = netto(*DEPLOY)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "Traceback" not in done.err
    assert not api.releases


def test_nobody_there_is_unreachable(netto: Program, api: RulesApi) -> None:
    api.close()
    done = netto(*DEPLOY)
    assert done.code == 3
    assert "could not be reached" in done.err


@pytest.mark.parametrize(
    "wrong",
    [
        ("--project", "some-project"),
        ("--replace",),
        ("--indexes", "--project", "some-project"),
        ("--deploy", "--project", "Some Project"),
        ("--deploy", "--project", "some-project/../other"),
        ("--deploy", "--project", "some-project", "--database", "../x"),
    ],
)
def test_what_does_not_apply_is_told_and_nothing_is_asked(
    netto: Program, api: RulesApi, wrong: tuple[str, ...]
) -> None:
    done = netto("firebase", "rules", *wrong)
    assert (done.code, done.out) == (2, "")
    assert api.log == []


def test_a_token_goes_only_to_https_or_this_machine(
    netto: Program, api: RulesApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETTO_FIREBASE_RULES_API", "http://rules.example.com")
    assert netto(*DEPLOY).code == 2


def test_an_emulator_is_not_deployed_to(netto: Program, api: RulesApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")
    done = netto(*DEPLOY)
    assert done.code == 2
    assert "emulator" in done.err
    assert api.log == []


def test_fields_that_nobody_asks_for_lose_their_index(netto: Program, api: RulesApi) -> None:
    done = netto(*DEPLOY, "--indexes", "--json").json
    root = "projects/some-project/databases/(default)/collectionGroups"
    assert api.fields[f"{root}/messages/fields/record"] == []
    assert len(api.fields) == len(done["changed"]) > 3
    assert done["kept"] == []


def test_a_second_time_no_field_is_changed(netto: Program, api: RulesApi) -> None:
    first = netto(*DEPLOY, "--indexes", "--json").json
    api.log.clear()
    second = netto(*DEPLOY, "--indexes", "--json").json
    assert (second["changed"], second["kept"]) == ([], first["changed"])
    assert not any(line.startswith("PATCH") for line in api.log)


def test_indexes_that_somebody_chose_are_replaced_only_on_request(netto: Program, api: RulesApi) -> None:
    field = "projects/some-project/databases/netto/collectionGroups/messages/fields/item"
    api.fields[field] = [{"queryScope": "COLLECTION_GROUP"}]
    refused = netto(*DEPLOY, "--indexes", "--database", "netto")
    assert (refused.code, len(api.fields)) == (5, 1)
    assert "messages.item" in refused.err
    assert netto(*DEPLOY, "--indexes", "--database", "netto", "--replace").code == 0
    assert api.fields[field] == []


def test_the_role_for_indexes_is_named(netto: Program, api: RulesApi) -> None:
    denied = {"error": {"code": 403, "message": "Missing or insufficient permissions.", "status": "PERMISSION_DENIED"}}
    api.faults[("PATCH", "?updateMask=indexConfig")] = (403, denied)
    done = netto(*DEPLOY, "--indexes")
    assert done.code == 4
    assert "roles/datastore.indexAdmin" in done.err


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        (LOCKED, True),
        (OPEN, False),
        (LOCKED.replace("if false", "if false || true"), False),
        (LOCKED.replace(": if false", ""), False),
        ("/* allow read: if true; */ allow write: if false;", True),
        ("", True),
    ],
)
def test_closed_rules_are_told_from_open_ones(text: str, closed: bool) -> None:
    assert is_closed(text) is closed


def test_a_credential_is_never_shown(netto: Program, api: RulesApi, private_key: str) -> None:
    api.faults[("POST", "/token")] = (400, {"error": "invalid_grant", "error_description": private_key})
    done = netto(*DEPLOY)
    assert private_key.splitlines()[1] not in done.out + done.err
