"""Two operations of the GraphQL API: `viewer` and `createCommitOnBranch` with its input in a variable."""

from __future__ import annotations

import re
from typing import Any

from tests.servers.github.exchange import Answer, Call, Json, Problem, on_site
from tests.servers.github.gitdata import add_commit, decoded, new_blob
from tests.servers.github.objects import HEADS
from tests.servers.github.repositories import may_read, may_write

_COMMIT = re.compile(r"\bcreateCommitOnBranch\s*\(\s*input\s*:\s*\$(\w+)")
_FILE_MODE = 0o100644


class Refused(Exception):
    """An error of GraphQL, which comes with status 200."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@on_site("POST", "/graphql")
def query(call: Call) -> Answer:
    """Answer an operation; all fields of its result are told, whichever are asked for."""
    if call.account is None:
        raise Problem(401, "This endpoint requires you to be authenticated.")
    wanted = call.request.json()
    text, variables = str(wanted.get("query", "")), wanted.get("variables") or {}
    if match := _COMMIT.search(text):
        name = "createCommitOnBranch"
        try:
            return _data(name, _commit(call, variables.get(match[1]) or {}))
        except Refused as error:
            return _error(error.kind, str(error), name)
        except (KeyError, TypeError) as error:
            return _error("UNPROCESSABLE", f"Variable ${match[1]} was provided invalid value: {error}", name)
    if re.search(r"\bviewer\b", text):
        return _data("viewer", {"login": call.account.login, "databaseId": call.account.id})
    return _error("undefinedField", "The query has no field that is known here.", "query")


def _data(name: str, value: Any) -> Answer:
    return Answer.of({"data": {name: value}})


def _error(kind: str, message: str, name: str) -> Answer:
    return Answer.of({"data": {name: None}, "errors": [{"type": kind, "path": [name], "message": message}]})


def _commit(call: Call, wanted: Json) -> Json:
    """Add and delete files on a branch in one commit, if its head is still the expected one."""
    full_name, branch = wanted["branch"]["repositoryNameWithOwner"], wanted["branch"]["branchName"]
    found = call.store.find(*full_name.partition("/")[::2])
    if found is None or not may_read(call, found):
        raise Refused("NOT_FOUND", f"Could not resolve to a Repository with the name '{full_name}'.")
    if not (call.token and call.token.write and may_write(call, found)):
        raise Refused("FORBIDDEN", "Resource not accessible by personal access token")
    call.found_repository, call.found_objects = found, call.store.objects(found)
    with call.objects.lock:
        head = call.objects.branches().get(branch)
        if head is None:
            raise Refused("NOT_FOUND", f"Branch {branch!r} does not exist.")
        if head != wanted["expectedHeadOid"]:
            raise Refused(
                "STALE_DATA", f'Expected branch to point to "{wanted["expectedHeadOid"]}" but it did not. Pull first.'
            )
        changes: dict[str, tuple[int, str] | None] = {}
        files = wanted.get("fileChanges") or {}
        for addition in files.get("additions") or ():
            changes[addition["path"]] = (_FILE_MODE, call.objects.add(new_blob(call, decoded(addition["contents"]))))
        changes |= {deletion["path"]: None for deletion in files.get("deletions") or ()}
        commit = call.objects.commit(head)
        assert commit is not None, head
        tree = call.objects.edit(commit.tree.decode(), changes)
        message = wanted["message"]
        text = "\n\n".join(part for part in (message["headline"], message.get("body")) if part)
        sha = add_commit(call, tree, [head], text, {})
        call.objects.move(f"{HEADS}{branch}", head, sha)
        call.store.touched(found)
    where = f"{call.base}/{found.full_name}/commit/{sha}"
    return {"commit": {"oid": sha, "url": where}, "ref": {"name": branch, "target": {"oid": sha}}}
