"""Workflows and their runs, as far as starting one and watching it goes. Nothing is executed."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from tests.servers.github.exchange import Answer, Call, Json, Problem, on_repository
from tests.servers.github.store import Repository, Run

FOLDER = ".github/workflows"


@dataclass(frozen=True)
class Workflow:
    """A file in the workflows folder of the default branch."""

    path: str
    text: str

    @property
    def id(self) -> int:
        """A number that stays."""
        return zlib.crc32(self.path.encode())

    @property
    def name(self) -> str:
        """What the file calls itself, else its path."""
        found = re.search(r"^name:\s*['\"]?(.+?)['\"]?\s*$", self.text, re.MULTILINE)
        return found[1] if found else self.path

    @property
    def dispatchable(self) -> bool:
        """Whether it may be started by hand."""
        return re.search(r"\bworkflow_dispatch\b", self.text) is not None


@on_repository("GET", "/actions/workflows")
def read_workflows(call: Call) -> Answer:
    """All workflows."""
    found = _workflows(call)
    return call.page(
        found, lambda one: _workflow_form(call, one), lambda rows: {"total_count": len(found), "workflows": rows}
    )


@on_repository("GET", "/actions/workflows/{name}")
def read_workflow(call: Call, name: str) -> Answer:
    """One by its id or file name."""
    return Answer.of(_workflow_form(call, _workflow(call, name)))


@on_repository("POST", "/actions/workflows/{name}/dispatches")
def dispatch(call: Call, name: str) -> Answer:
    """Queue a run on a branch or tag."""
    workflow, ref = _workflow(call, name), str(call.request.json().get("ref", ""))
    sha = call.objects.resolve(ref)
    if sha is None:
        raise Problem(422, f"No ref found for: {ref}")
    if not workflow.dispatchable:
        raise Problem(422, "Workflow does not have 'workflow_dispatch' trigger")
    with call.store.lock:
        runs = call.repository.runs
        number = max((run.id for run in runs), default=9000) + 1
        runs.append(Run(number, workflow.path, ref.removeprefix("refs/heads/"), sha, call.store.stamp()))
        call.store.save()
    return Answer(204)


@on_repository("GET", "/actions/runs")
def read_runs(call: Call) -> Answer:
    """All runs, newest first, by `branch` and `status`."""
    return _runs(call, call.repository.runs)


@on_repository("GET", "/actions/workflows/{name}/runs")
def read_runs_of(call: Call, name: str) -> Answer:
    """The runs of one workflow."""
    path = _workflow(call, name).path
    return _runs(call, [run for run in call.repository.runs if run.workflow == path])


@on_repository("GET", "/actions/runs/{number}")
def read_run(call: Call, number: str) -> Answer:
    """One run."""
    for run in call.repository.runs:
        if str(run.id) == number:
            return Answer.of(_run_form(call, run))
    raise Problem(404, "Not Found")


def set_run(repository: Repository, number: int | None, status: str, conclusion: str | None) -> None:
    """Let a run, the last one for None, be `queued`, `in_progress` or `completed`. Raises Problem 404."""
    for run in reversed(repository.runs):
        if number in (None, run.id):
            run.status, run.conclusion = status, conclusion
            return
    raise Problem(404, "There is no such run")


def _runs(call: Call, runs: list[Run]) -> Answer:
    query = call.request.query
    found = [
        run
        for run in reversed(runs)
        if query.get("branch") in (None, run.branch) and query.get("status") in (None, run.status, run.conclusion)
    ]
    return call.page(
        found, lambda one: _run_form(call, one), lambda rows: {"total_count": len(found), "workflow_runs": rows}
    )


def _workflows(call: Call) -> list[Workflow]:
    commit = call.objects.commit(call.objects.resolve(call.repository.default_branch) or "")
    folder = call.objects.at(commit.tree.decode(), FOLDER) if commit else None
    if folder is None:
        return []
    found = []
    for entry in call.objects.entries(folder.sha, f"{FOLDER}/"):
        blob = call.objects.blob(entry.sha)
        if blob and entry.path.endswith((".yml", ".yaml")):
            found.append(Workflow(entry.path, blob.as_raw_string().decode("utf-8", "replace")))
    return found


def _workflow(call: Call, name: str) -> Workflow:
    for one in _workflows(call):
        if name in (str(one.id), one.path.rpartition("/")[2]):
            return one
    raise Problem(404, "Not Found")


def _workflow_form(call: Call, one: Workflow) -> Json:
    html = f"{call.base}/{call.repository.full_name}"
    return {
        "id": one.id,
        "node_id": f"W_{one.id}",
        "name": one.name,
        "path": one.path,
        "state": "active",
        "created_at": call.repository.created_at,
        "updated_at": call.repository.pushed_at,
        "url": f"{call.url}/actions/workflows/{one.id}",
        "html_url": f"{html}/blob/{call.repository.default_branch}/{one.path}",
        "badge_url": f"{html}/actions/workflows/{one.path.rpartition('/')[2]}/badge.svg",
    }


def _run_form(call: Call, run: Run) -> Json:
    workflow = zlib.crc32(run.workflow.encode())
    return {
        "id": run.id,
        "node_id": f"WFR_{run.id}",
        "name": run.workflow.rpartition("/")[2],
        "path": run.workflow,
        "head_branch": run.branch,
        "head_sha": run.sha,
        "event": "workflow_dispatch",
        "run_number": run.id,
        "run_attempt": 1,
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": workflow,
        "created_at": run.created_at,
        "updated_at": run.created_at,
        "url": f"{call.url}/actions/runs/{run.id}",
        "html_url": f"{call.base}/{call.repository.full_name}/actions/runs/{run.id}",
        "workflow_url": f"{call.url}/actions/workflows/{workflow}",
    }
