"""`netto-tui actions install`: what the workflow says, where it goes, and that its steps do what they promise."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from netto_tui import __version__
from netto_tui.actions import SECRET, check_cron
from netto_tui.errors import UsageError
from netto_tui.replicas.tree import WORKFLOW
from tests.cli.conftest import Program
from tests.servers.firestore.server import FirestoreServer
from tests.servers.github.server import GitHubServer

REPOSITORY = "alice/netto-vault"
PROVIDER = "projects/123/locations/global/workloadIdentityPools/netto/providers/github"
ACCOUNT = "netto@my-project.iam.gserviceaccount.com"
KEYLESS = ("--identity-provider", PROVIDER, "--service-account", ACCOUNT)


@pytest.fixture
def firestore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FirestoreServer]:
    server = FirestoreServer(create_on_use=True).start()
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", server.address)
    yield server
    server.close()


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    with GitHubServer(tmp_path / "github").start() as server:
        monkeypatch.setenv("NETTO_GITHUB_API", server.url)
        monkeypatch.setenv("NETTO_GITHUB_TOKEN", server.token)
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        server.create_repository("netto-vault")
        yield server


@pytest.fixture
def backed_up(netto: Program, github: GitHubServer, firestore: FirestoreServer) -> Program:
    """The program on a vault with both remotes, and one message that is in both."""
    remotes = (f"github=github:{REPOSITORY}", "cloud=firestore:my-project/me")
    made = netto("init", "--plain", "--zone", "UTC", "--replica", remotes[0], "--replica", remotes[1])
    assert made.code == 0, made.err
    netto("log", "--role", "user", "Is there a night train?")
    synced = netto("sync")
    assert synced.code == 0, synced.out + synced.err
    return netto


@pytest.fixture
def configured(netto: Program, home: Path) -> Program:
    """The program with settings for both remotes, and nothing that answers."""
    home.mkdir()
    (home / "config.toml").write_text(
        f'[[replicas]]\nname = "github"\nkind = "github"\ntarget = "{REPOSITORY}"\nplain = true\n'
        '[[replicas]]\nname = "cloud"\nkind = "firestore"\ntarget = "my-project/me"\ndatabase = "netto"\nplain = true\n'
    )
    return netto


def shown(program: Program, *options: str) -> dict[str, Any]:
    """The workflow as GitHub reads it."""
    done = program("actions", "install", "--print", *options)
    assert done.code == 0, done.err
    found: dict[Any, Any] = yaml.safe_load(done.out)
    found["on"] = found.pop(True)  # YAML 1.1 takes the word for a truth value; GitHub does not
    return found


def steps(workflow: dict[str, Any]) -> dict[str, dict[str, Any]]:
    [job] = workflow["jobs"].values()
    return {step["name"]: step for step in job["steps"]}


def test_it_runs_on_a_schedule_and_by_hand_and_never_twice_at_once(configured: Program) -> None:
    workflow = shown(configured, "--cron", "5 */6 * * MON-FRI")
    [job] = workflow["jobs"].values()
    assert workflow["on"] == {"schedule": [{"cron": "5 */6 * * MON-FRI"}], "workflow_dispatch": None}
    assert workflow["concurrency"] == {"group": "netto-tui", "cancel-in-progress": False}
    assert 0 < job["timeout-minutes"] <= 60


def test_it_may_do_nothing_but_write_contents(configured: Program) -> None:
    workflow = shown(configured)
    [job] = workflow["jobs"].values()
    assert workflow["permissions"] == {}
    assert job["permissions"] == {"contents": "write"}
    [keyless] = shown(configured, *KEYLESS)["jobs"].values()
    assert keyless["permissions"] == {"contents": "write", "id-token": "write"}


@pytest.mark.parametrize("options", [(), KEYLESS])
def test_every_action_is_pinned_to_a_commit_and_says_its_version(configured: Program, options: tuple[str, ...]) -> None:
    lines = configured("actions", "install", "--print", *options).out.splitlines()
    uses = [line.strip() for line in lines if "uses:" in line]
    assert len(uses) == 2
    assert all(re.fullmatch(r"uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line) for line in uses)


def test_values_reach_the_shell_only_as_variables(configured: Program) -> None:
    for step in steps(shown(configured)).values():
        assert "${{" not in step.get("run", "")


def test_google_is_met_with_a_secret_or_without_any_key(configured: Program) -> None:
    secret = steps(shown(configured))["Sign in to Google"]["with"]
    keyless = steps(shown(configured, *KEYLESS))["Sign in to Google"]["with"]
    assert secret == {"project_id": "my-project", "credentials_json": f"${{{{ secrets.{SECRET} }}}}"}
    assert keyless == {
        "project_id": "my-project",
        "workload_identity_provider": PROVIDER,
        "service_account": ACCOUNT,
    }
    assert "secrets." not in configured("actions", "install", "--print", *KEYLESS).out


def test_it_installs_this_version_unless_told_otherwise(configured: Program) -> None:
    usual = steps(shown(configured))["Install netto-tui"]
    other = steps(shown(configured, "--package", "netto-tui @ git+https://git.example.com/netto.git@v1"))
    assert usual["env"]["PACKAGE"] == f"netto-tui=={__version__}"
    assert other["Install netto-tui"]["env"]["PACKAGE"] == "netto-tui @ git+https://git.example.com/netto.git@v1"


def test_it_knows_both_replicas_as_the_vault_does(configured: Program, tmp_path: Path) -> None:
    from netto_tui import config

    step = steps(shown(configured))["Bring what is new"]
    (tmp_path / "settings.toml").write_text(step["env"]["SETTINGS"])
    settings = config.load(tmp_path / "settings.toml")
    assert [(one.name, one.kind, one.target, one.database) for one in settings.replicas] == [
        ("github", "github", REPOSITORY, ""),
        ("cloud", "firestore", "my-project/me", "netto"),
    ]
    assert settings.warnings == ()


def test_the_twin_for_programs_has_path_and_text(configured: Program) -> None:
    plain = configured("actions", "install", "--print").out
    assert configured("--json", "actions", "install", "--print").json == {"path": WORKFLOW, "text": plain}


@pytest.mark.parametrize("options", [(), KEYLESS])
def test_zizmor_finds_nothing(configured: Program, tmp_path: Path, options: tuple[str, ...]) -> None:
    audit(configured, tmp_path, options)


def audit(program: Program, tmp_path: Path, options: tuple[str, ...]) -> None:
    """Let zizmor look at the workflow."""
    zizmor = shutil.which("zizmor") or shutil.which("zizmor", path=str(Path(sys.executable).parent))
    if zizmor is None:
        pytest.skip("SKIPPED: zizmor is not installed here, so the workflow is not audited")
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "netto-tui.yml").write_text(program("actions", "install", "--print", *options).out)
    done = subprocess.run([zizmor, "--offline", "--pedantic", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_file_is_in_the_repository_afterwards(backed_up: Program, github: GitHubServer) -> None:
    done = backed_up("actions", "install", "--json").json
    text = in_repository(github)
    assert text == backed_up("actions", "install", "--print").out
    assert (done["repository"], done["branch"], done["path"], done["changed"]) == (REPOSITORY, "main", WORKFLOW, True)
    assert done["secrets"] == [SECRET]


def test_a_second_time_changes_nothing(backed_up: Program, github: GitHubServer) -> None:
    assert backed_up("actions", "install").code == 0
    head = git(github, "rev-parse", "main")
    again = backed_up("actions", "install", "--json").json
    assert (again["changed"], again["commit"]) == (False, None)
    assert git(github, "rev-parse", "main") == head


def test_another_schedule_replaces_the_file(backed_up: Program, github: GitHubServer) -> None:
    assert backed_up("actions", "install").code == 0
    done = backed_up("actions", "install", "--cron", "0 4 * * 0", *KEYLESS)
    assert done.code == 0, done.err
    assert SECRET not in done.out
    repository = github.store.find("alice", "netto-vault")
    assert repository is not None
    assert f"assertion.repository_id == '{repository.id}'" in done.out
    assert "0 4 * * 0" in in_repository(github)


def test_the_replica_goes_on_beside_the_workflow(backed_up: Program, github: GitHubServer) -> None:
    before = backed_up("verify").code
    assert backed_up("actions", "install").code == 0
    backed_up("log", "--role", "assistant", "Two of them.")
    assert backed_up("sync").code == 0
    assert (before, backed_up("verify", "--deep").code) == (0, 0)
    assert "on:" in in_repository(github)


@pytest.mark.parametrize(("code", "ready"), [(403, "scope"), (404, "not-found")])
def test_a_token_that_may_not_write_workflows_is_told_how_to(
    backed_up: Program, github: GitHubServer, code: int, ready: str
) -> None:
    github.faults({"match": f"PUT /repos/{REPOSITORY}/contents/.*", "kind": "status", "code": code, "ready": ready})
    done = backed_up("actions", "install")
    assert done.code == 4
    assert "Workflows: Read and write" in done.err
    assert in_repository(github) == ""


def test_a_race_is_lost_without_harm(backed_up: Program, github: GitHubServer) -> None:
    github.faults({"match": f"PUT /repos/{REPOSITORY}/contents/.*", "kind": "status", "code": 409, "ready": "conflict"})
    assert backed_up("actions", "install").code == 3
    assert backed_up("actions", "install").code == 0


def test_a_lost_answer_is_settled_by_running_it_again(backed_up: Program, github: GitHubServer) -> None:
    github.faults({"match": f"PUT /repos/{REPOSITORY}/contents/.*", "kind": "reset", "after": True})
    assert backed_up("actions", "install").code == 3
    again = backed_up("actions", "install", "--json").json
    assert again["changed"] is False


def test_nothing_goes_into_a_public_repository(backed_up: Program, github: GitHubServer) -> None:
    github.change("visibility", repository=REPOSITORY, visibility="public")
    done = backed_up("actions", "install")
    assert done.code == 5
    assert "not private" in done.err
    assert in_repository(github) == ""


def test_nothing_goes_into_a_repository_that_is_no_replica_yet(
    configured: Program, github: GitHubServer, firestore: FirestoreServer
) -> None:
    done = configured("actions", "install")
    assert done.code == 2
    assert "netto-tui sync" in done.err
    assert git(github, "branch", "--list") == ""


def test_a_vault_without_both_is_told_what_is_missing(netto: Program, home: Path) -> None:
    home.mkdir()
    none = netto("actions", "install", "--print")
    assert (none.code, "github:OWNER/REPO" in none.err) == (2, True)
    (home / "config.toml").write_text(
        f'[[replicas]]\nname = "g"\nkind = "github"\ntarget = "{REPOSITORY}"\nplain = true\n'
    )
    half = netto("actions", "install", "--print")
    assert (half.code, "firestore:PROJECT/UID" in half.err) == (2, True)
    with (home / "config.toml").open("a") as file:
        file.write('[[replicas]]\nname = "h"\nkind = "github"\ntarget = "alice/other"\n')
    several = netto("actions", "install", "--print")
    assert (several.code, "--replica g, h" in several.err) == (2, True)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--cron", "every night"),
        ("--cron", "60 3 * * *"),
        ("--identity-provider", PROVIDER),
        ("--service-account", ACCOUNT),
        ("--identity-provider", "pool", "--service-account", ACCOUNT),
        ("--identity-provider", PROVIDER, "--service-account", "me@example.com"),
        ("--package", "--index-url=https://packages.example.com"),
        ("--package", "netto-tui\nrun: evil"),
        ("--package", "netto-tui==${{ github.token }}"),
        ("--replica", "cloud"),
        ("--replica", "nobody"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_asked(configured: Program, wrong: tuple[str, ...]) -> None:
    done = configured("actions", "install", *wrong)
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err


@pytest.mark.parametrize("cron", ["23 3 * * *", "*/15 0-6,22 1 JAN-mar 0", "0 0 31 12 6", "5,35 * * * SUN"])
def test_schedules_are_taken(cron: str) -> None:
    check_cron(cron)


@pytest.mark.parametrize(
    "cron", ["", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 7",
             "5-1 * * * *", "*/0 * * * *", "1-2-3 * * * *", "- * * * *", "a * * * *", "@daily", "١ * * * *"]
)  # fmt: skip
def test_what_is_no_schedule_is_refused(cron: str) -> None:
    with pytest.raises(UsageError):
        check_cron(cron)


def test_its_steps_bring_what_is_only_in_firestore_to_github(
    backed_up: Program, github: GitHubServer, firestore: FirestoreServer, tmp_path: Path
) -> None:
    assert backed_up("actions", "install").code == 0
    backed_up("log", "--role", "user", "And one on Sundays?")
    assert backed_up("sync", "cloud").code == 0
    behind = backed_up("verify", "github")
    assert behind.code == 1
    github.faults({"match": "GET /user", "kind": "status", "code": 403, "ready": "scope", "times": None})  # as in a run
    for name in ("Bring what is new", "Verify both"):
        done = run_step(github, name, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "equal" in done.stdout
    assert backed_up("verify", "github", "cloud").code == 0


def test_its_run_fails_when_firestore_is_not_there(
    backed_up: Program, github: GitHubServer, firestore: FirestoreServer, tmp_path: Path
) -> None:
    assert backed_up("actions", "install").code == 0
    firestore.close()
    done = run_step(github, "Bring what is new", tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr


def run_step(github: GitHubServer, name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one step of the workflow in the repository as a runner would: its shell, and its variables."""
    if shutil.which("bash") is None:
        pytest.skip("SKIPPED: bash is not installed here, so the steps of the workflow are not tried")
    workflow = yaml.safe_load(in_repository(github))
    [job] = workflow["jobs"].values()
    step = steps(workflow)[name]
    contexts = {"${{ github.token }}": github.token, "${{ github.api_url }}": github.url}
    variables = {key: contexts.get(value, value) for key, value in {**job["env"], **step["env"]}.items()}
    runner = folder / "runner"
    runner.mkdir(exist_ok=True)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("NETTO_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        env={**clean, **variables, "PATH": path, "RUNNER_TEMP": str(runner), "HOME": str(runner)},
        cwd=runner,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def git(github: GitHubServer, *arguments: str) -> str:
    """What Git says about the repository at the server."""
    done = subprocess.run(
        ["git", "-C", str(github.directory(REPOSITORY)), *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


@pytest.fixture
def sealed(netto: Program, github: GitHubServer, firestore: FirestoreServer) -> Program:
    """The program on a vault with both remotes sealed, and one message that is in both."""
    remotes = (f"github=github:{REPOSITORY}", "cloud=firestore:my-project/me")
    made = netto("init", "--zone", "UTC", "--replica", remotes[0], "--replica", remotes[1])
    assert made.code == 0, made.err
    netto("log", "--role", "user", "Is there a night train?")
    synced = netto("sync")
    assert synced.code == 0, synced.out + synced.err
    return netto


def test_what_is_sealed_is_checked_and_not_brought(sealed: Program) -> None:
    workflow = shown(sealed)
    [job] = workflow["jobs"].values()
    assert job["permissions"] == {"contents": "read"}
    step = steps(workflow)["Check the heads"]
    assert step["env"]["PUBLIC_KEY"] == sealed("--json", "keys", "show").json["public"]
    assert "init" not in step["run"] and "sync" not in step["run"]
    for each in steps(workflow).values():
        assert "${{" not in each.get("run", "")


def test_no_key_that_opens_anything_is_in_the_workflow(sealed: Program, home: Path) -> None:
    from netto_tui.security import custody
    from netto_tui.vault.identity import load_identity

    keys = custody.load(home, load_identity(home).vault)
    text = sealed("actions", "install", "--print").out
    secret = json.loads(keys.encode())["keys"]
    assert all(key[part] not in text for key in secret for part in ("k", "d") if part in key)


def test_a_sealed_repository_alone_needs_no_sign_in(netto: Program, github: GitHubServer) -> None:
    assert netto("init", "--zone", "UTC", "--replica", f"github=github:{REPOSITORY}").code == 0
    assert set(steps(shown(netto))) == {"Set up Python", "Install netto-tui", "Check the heads"}


def test_one_that_is_sealed_and_one_that_is_plain_do_not_go_together(configured: Program, home: Path) -> None:
    settings = (home / "config.toml").read_text()
    (home / "config.toml").write_text(settings.replace("plain = true\n", "", 1))
    done = configured("actions", "install", "--print", "--firestore", "cloud")
    assert (done.code, "alike" in done.err) == (2, True)


def test_its_check_is_good_until_somebody_changes_something(
    sealed: Program, github: GitHubServer, firestore: FirestoreServer, tmp_path: Path
) -> None:
    assert sealed("actions", "install").code == 0
    done = run_step(github, "Check the heads", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every head is right." in done.stdout
    fields = dict(firestore.get("my-project", "users/me") or {})
    firestore.set("my-project", "users/me", {**fields, "sequence": fields["sequence"] + 1})
    done = run_step(github, "Check the heads", tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "tampered: cloud" in done.stdout


@pytest.mark.parametrize("options", [(), KEYLESS])
def test_zizmor_finds_nothing_in_the_check(sealed: Program, tmp_path: Path, options: tuple[str, ...]) -> None:
    audit(sealed, tmp_path, options)


def in_repository(github: GitHubServer) -> str:
    """The workflow as it lies on main, "" when there is none."""
    done = subprocess.run(
        ["git", "-C", str(github.directory(REPOSITORY)), "show", f"main:{WORKFLOW}"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout
