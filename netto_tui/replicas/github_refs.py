"""The branches of a repository at GitHub: listed by one conditional request, and moved by compare-and-swap."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from dulwich.objects import ObjectID

from netto_tui.errors import Limited, Refused
from netto_tui.replicas.git_branch import label
from netto_tui.replicas.git_disk import MAIN, Refs
from netto_tui.replicas.github_answers import Answer, Disturbed, sha_of
from netto_tui.replicas.github_client import ATTEMPTS, Hub
from netto_tui.replicas.github_notes import Notes
from netto_tui.replicas.github_push import somebody_else_wrote

HEADS = "refs/heads/"

LAG_WAITS = (0.5, 1.0, 2.0, 4.0)
"""Seconds between looks at a ref that was just moved; some of GitHub's readers lag behind its writers."""

_RACE = re.compile(r"fast.forward|already exists|moved|expected", re.IGNORECASE)


class HubRefs:
    """The branches of a repository. is_absent, is_empty: whether the last look found no repository, no branch.

    forwarded: called when GitHub answers for a repository of another name; it raises what that means.
    """

    def __init__(self, hub: Hub, target: str, place: str, notes: Notes, forwarded: Callable[[], None]) -> None:
        self.is_absent = self.is_empty = False
        self._hub = hub
        self._path = f"/repos/{target}"
        self._place = place
        self._notes = notes
        self._forwarded = forwarded
        self._just_moved: dict[str, ObjectID | None] = {}

    def look(self) -> Refs | None:
        """All branches, None without a repository; asked for again while GitHub tells what was before our last move.

        Raises Unreachable.
        """
        refs = self._ask()
        for wait in LAG_WAITS:
            if not any(refs.get(ref) == old for ref, old in self._just_moved.items()):
                break
            self._hub.wait(wait)
            refs = self._ask()
        self._just_moved.clear()
        return None if self.is_absent else refs

    def head(self, ref: str) -> ObjectID | None:
        """Where a branch stands as GitHub tells it now, None when it is not there. Raises Unreachable."""
        return self._ask().get(ref)

    def forget(self) -> None:
        """Ask for all branches the next time, whatever was told before."""
        self._notes.put("refs", None)

    def begun(self, ref: str) -> None:
        """Expect a branch that was not there before."""
        self._just_moved[ref] = None

    def move(self, ref: str, old: ObjectID | None, new: ObjectID) -> None:
        """Move a branch from old (None: not there yet) to what descends from it; a lost answer is settled by looking.

        Raises Moved, Refused, Unreachable.
        """
        body: dict[str, Any] = (
            {"ref": ref, "sha": new.decode()} if old is None else {"sha": new.decode(), "force": False}
        )
        method, path = ("POST", f"{self._path}/git/refs") if old is None else ("PATCH", f"{self._path}/git/{ref}")
        for attempt in range(ATTEMPTS):
            answer, lost = self._try(method, path, body)
            if answer.found == new.decode():
                break
            head = self.head(ref)
            if head == new:
                break
            if head != old or _RACE.search(answer.message):
                raise somebody_else_wrote(self._place)
            if lost is None:
                raise Refused(
                    f"{self._place} does not let {label(ref)} move: {answer.message or 'it says no more'}.",
                    remedy=f"Look into the rules of the repository that protect {label(ref)}, and sync again.",
                )
            if attempt == ATTEMPTS - 1:
                raise lost
            self._hub.pause(attempt)
        self._just_moved[ref] = old

    def _try(self, method: str, path: str, body: dict[str, Any]) -> tuple[Answer, Disturbed | None]:
        """One attempt: the answer, or one that says nothing and how the true one was lost."""
        try:
            answer = self._hub.ask(method, path, body, again=False, expect=(404, 409, 422), reads=_sha_of_ref)
        except Limited:
            raise
        except Disturbed as error:
            return Answer(0), error
        return answer, None

    def _ask(self) -> Refs:
        """All branches, by a request that costs nothing while none of them moved."""
        kept = self._notes.get("refs") or {"etag": "", "refs": {}}
        answer = self._list(kept["etag"] if MAIN in kept["refs"] else "")
        if answer.status == 304:
            answer = Answer(200, found=kept["refs"])
        elif not answer.found and kept["refs"]:  # that all of it is gone is believed when it is said twice
            answer = self._list("")
        if answer.status != 200:
            self.forget()
        elif "etag" in answer.headers:
            self._notes.put("refs", {"etag": answer.headers["etag"], "refs": answer.found})
        self.is_absent, self.is_empty = answer.status == 404, not answer.found
        found: dict[str, str] = answer.found or {}
        return {ref: ObjectID(sha.encode()) for ref, sha in sorted(found.items()) if ref.startswith(HEADS)}

    def _list(self, etag: str) -> Answer:
        """One listing, with all its pages: 404 without a repository, 409 for an empty one."""
        path = f"{self._path}/git/matching-refs/heads/"
        answer = self._hub.ask("GET", path, etag=etag, expect=(404, 409), reads=_refs_of)
        if answer.status != 200:
            return answer
        found: dict[str, str] = {}
        for page in self._hub.pages(answer, _refs_of):
            found |= page.found
        where = f"{self._path}/".lower()
        if any(where not in str(one.get("url") or where).lower() for one in answer.data):
            self._forwarded()
        return replace(answer, found=found)


def _refs_of(told: list[Any]) -> dict[str, str]:
    """The branches of a listing. Raises TypeError for none, ValueError for one whose name and address differ."""
    if not isinstance(told, list):
        raise TypeError("it is no listing")
    if any(not unquote(one.get("url") or one["ref"]).endswith(one["ref"].removeprefix("refs")) for one in told):
        raise ValueError("a name of a branch is damaged")
    return {one["ref"]: sha_of(one["object"]) for one in told}


def _sha_of_ref(told: Any) -> str:
    return sha_of(told["object"])
