"""Putting the workflow into the backup repository, through GitHub's contents API."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netto_tui.errors import Denied, Moved, NettoError, Refused, Unreachable, UsageError
from netto_tui.replicas.tree import MARKER, WORKFLOW

if TYPE_CHECKING:
    from netto_tui.replicas.github_client import Answer, Hub

PERMIT = (
    "Open the fine-grained token in the settings of your account, under Repository permissions set"
    " Workflows: Read and write beside Contents: Read and write; a classic token needs the scope “workflow”."
    " Only installing needs it: it can be taken away again."
)


@dataclass(frozen=True)
class Installation:
    """Where the workflow lies now. number: GitHub's id of the repository, which is never used again.

    commit: what put it there, "" when it was there already.
    """

    repository: str
    number: int
    branch: str
    commit: str

    @property
    def changed(self) -> bool:
        """Whether something was written."""
        return bool(self.commit)


def install(hub: Hub, repository: str, workflow: str) -> Installation:
    """Write the workflow to the default branch of a private OWNER/REPO that is a replica, unless it is there.

    Raises Denied when the token lacks a permission, Refused for a repository that others can read, UsageError
    for one that is no replica yet, Moved when somebody else writes at the same time, Unreachable.
    """
    place = f"{hub.place}/{repository}"
    path = f"/repos/{repository}"
    told = _private(hub.ask("GET", path, expect=(404,)), place)
    branch, number = str(told.get("default_branch") or "main"), int(told.get("id", 0))
    if hub.ask("GET", f"{path}/contents/{MARKER}?ref={branch}", expect=(404,)).status == 404:
        raise UsageError(
            f"The branch {branch} of {place} holds no replica yet.",
            remedy="Run netto-tui sync first. If the replica lies on main, make main the default branch: GitHub"
            " starts schedules only there.",
        )
    where = f"{path}/contents/{WORKFLOW}"
    there = hub.ask("GET", f"{where}?ref={branch}", expect=(404,))
    if _content(there) == workflow:
        return Installation(repository, number, branch, "")
    body = {
        "message": f"{'Change' if there.status == 200 else 'Add'} the scheduled backup of netto-tui",
        "content": base64.b64encode(workflow.encode()).decode(),
        "branch": branch,
    }
    if there.status == 200:
        body["sha"] = there.data["sha"]
    commit = _write(hub, where, body, place)
    if _content(hub.ask("GET", f"{where}?ref={branch}", expect=(404,))) != workflow:
        raise Unreachable(f"{place} does not show the workflow that was written.", remedy="Run this again.")
    return Installation(repository, number, branch, commit)


def _write(hub: Hub, where: str, body: dict[str, str], place: str) -> str:
    """The commit that the file came with; what GitHub says when the permission for workflows is missing is told."""
    try:
        answer = hub.ask("PUT", where, body, again=False, expect=(404, 409, 422))
    except Denied as error:
        raise _not_permitted(place, error.message) from None
    if answer.status == 404:  # so it answers a classic token without the scope
        raise _not_permitted(place, "")
    if answer.status == 409:
        raise Moved(f"Somebody else wrote to {place} at the same moment.", remedy="Nothing is lost; run this again.")
    if answer.status == 422:
        raise _refused(place, answer.message)
    return str(answer.data["commit"]["sha"])


def _not_permitted(place: str, words: str) -> Denied:
    return Denied(f"The token may not write workflows into {place}. {words}".strip(), remedy=PERMIT)


def _refused(place: str, words: str) -> NettoError:
    return Refused(
        f"{place} does not take the workflow: {words}.",
        remedy="Rules of its branch may forbid it. `netto-tui actions install --print` shows the file to add by hand.",
    )


def _private(answer: Answer, place: str) -> dict[str, Any]:
    """What GitHub tells of the repository. Raises Refused unless it says that it is private."""
    told: dict[str, Any] = answer.data if isinstance(answer.data, dict) else {}
    if answer.status == 404:
        raise UsageError(
            f"There is no repository {place}, or the token may not see it.",
            remedy="Check its name and the token; netto-tui sync makes a new one.",
        )
    if told.get("private") is not True or told.get("visibility", "private") != "private":
        raise Refused(
            f"{place} is not private; nothing is written to it.",
            remedy="Make it private in its settings under “Danger Zone”.",
        )
    return told


def _content(answer: Answer) -> str | None:
    """The text of a file, None for none."""
    if answer.status != 200 or not isinstance(answer.data, dict):
        return None
    return base64.b64decode(str(answer.data.get("content", ""))).decode("utf-8", "replace")
