"""Commits as they are listed, looked at and compared."""

from __future__ import annotations

import difflib
from urllib.parse import quote

from dulwich.diff_tree import TreeChange, tree_changes
from dulwich.objects import ObjectID, TreeEntry

from tests.servers.github.exchange import Answer, Call, Json, Problem, on_repository
from tests.servers.github.gitdata import commit_form, moment

COMPARED_FILES = 300
COMPARED_COMMITS = 250
_PATCH_BYTES = 100_000


@on_repository("GET", "/commits")
def read_commits(call: Call) -> Answer:
    """The commits of a branch or sha, newest first, by `path`, `since`, `until` and `author`."""
    call.objects.require_content()
    query = call.request.query
    head = call.objects.resolve(query.get("sha") or call.repository.default_branch)
    if head is None:
        raise Problem(404, "Not Found")
    times = {name: int(moment(query[name]).timestamp()) for name in ("since", "until") if query.get(name)}
    paths = [query["path"].strip("/").encode()] if query.get("path") else None
    walker = call.objects.repo.get_walker([ObjectID(head.encode())], paths=paths)
    found = []
    for step in walker:
        when = step.commit.commit_time
        wanted = query.get("author", "").encode()
        if times.get("since", when) <= when <= times.get("until", when) and wanted in step.commit.author:
            found.append(step.commit.id.decode())
    return call.page(found, lambda sha: commit_row(call, sha))


@on_repository("GET", "/commits/{name*}")
def read_commit_with_files(call: Call, name: str) -> Answer:
    """A commit with what it changed; only its sha for the media type `sha`."""
    call.objects.require_content()
    sha = call.objects.resolve(name)
    if sha is None:
        raise Problem(422, f"No commit found for SHA: {name}")
    if call.request.accepts("sha"):
        return Answer(200, sha.encode(), {"Content-Type": "application/vnd.github.sha; charset=utf-8"})
    commit = call.objects.commit(sha)
    assert commit is not None, sha
    files = changed_files(call, commit.parents[0].decode() if commit.parents else None, sha)
    stats = {key: sum(file[key] for file in files) for key in ("additions", "deletions")}
    return Answer.of({**commit_row(call, sha), "stats": {**stats, "total": sum(stats.values())}, "files": files})


@on_repository("GET", "/compare/{names*}")
def compare(call: Call, names: str) -> Answer:
    """BASE...HEAD: which commits each has beyond the other, and the files that HEAD changed."""
    call.objects.require_content()
    base, _, head = (call.objects.resolve(name) for name in names.partition("..."))
    if base is None or head is None:
        raise Problem(404, "Not Found")
    before, after = list(call.objects.ancestry(base)), list(call.objects.ancestry(head))
    ahead, behind = (
        [one for one in mine if one not in set(others)] for mine, others in ((after, before), (before, after))
    )
    meeting = next((one for one in after if one in set(before)), None)
    if meeting is None:
        raise Problem(404, "No common ancestor between the two")
    standing = {(False, False): "identical", (True, False): "ahead", (False, True): "behind", (True, True): "diverged"}
    url = f"{call.url}/compare/{quote(names)}"
    html = f"{call.base}/{call.repository.full_name}/compare/{quote(names)}"
    return Answer.of(
        {
            "url": url,
            "html_url": html,
            "permalink_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "base_commit": commit_row(call, base),
            "merge_base_commit": commit_row(call, meeting),
            "status": standing[bool(ahead), bool(behind)],
            "ahead_by": len(ahead),
            "behind_by": len(behind),
            "total_commits": len(ahead),
            "commits": [commit_row(call, sha) for sha in reversed(ahead[:COMPARED_COMMITS])],
            "files": changed_files(call, meeting, head)[:COMPARED_FILES],
        }
    )


def commit_row(call: Call, sha: str) -> Json:
    """A commit as `/commits` tells it."""
    form = commit_form(call, sha)
    inner = {key: form[key] for key in ("author", "committer", "message", "tree", "url", "verification")}
    return {
        "sha": sha,
        "node_id": sha,
        "commit": {**inner, "comment_count": 0},
        "url": f"{call.url}/commits/{sha}",
        "html_url": form["html_url"],
        "comments_url": f"{call.url}/commits/{sha}/comments",
        "author": None,
        "committer": None,
        "parents": [{**parent, "url": f"{call.url}/commits/{parent['sha']}"} for parent in form["parents"]],
    }


def changed_files(call: Call, old: str | None, new: str) -> list[Json]:
    """What differs between two commits, file by file."""
    before, after = (call.objects.commit(sha or "") for sha in (old, new))
    found = tree_changes(call.objects.repo.object_store, before.tree if before else None, after.tree if after else None)
    return [_file_form(call, new, change) for change in found]


def _file_form(call: Call, commit: str, change: TreeChange) -> Json:
    sides = [side for side in (change.old, change.new) if side is not None and side.sha is not None]
    here = sides[-1]
    path = quote(here.path.decode("utf-8", "surrogateescape"))
    old, new = (_text(call, side) for side in (change.old, change.new))
    added, removed, patch = _patch(old, new)
    where = f"{call.base}/{call.repository.full_name}"
    form = {
        "sha": here.sha.decode(),
        "filename": here.path.decode("utf-8", "surrogateescape"),
        "status": {"add": "added", "delete": "removed"}.get(change.type, "modified"),
        "additions": added,
        "deletions": removed,
        "changes": added + removed,
        "blob_url": f"{where}/blob/{commit}/{path}",
        "raw_url": f"{where}/raw/{commit}/{path}",
        "contents_url": f"{call.url}/contents/{path}?ref={commit}",
    }
    return {**form, "patch": patch} if patch else form


def _text(call: Call, side: TreeEntry | None) -> bytes:
    blob = call.objects.blob(side.sha.decode()) if side is not None and side.sha is not None else None
    return blob.as_raw_string() if blob else b""


def _patch(old: bytes, new: bytes) -> tuple[int, int, str]:
    """(lines added, lines removed, the patch); nothing for large or binary files."""
    if len(old) + len(new) > _PATCH_BYTES or b"\0" in old + new:
        return 0, 0, ""
    before, after = (text.decode("utf-8", "replace").splitlines() for text in (old, new))
    lines = list(difflib.unified_diff(before, after, lineterm=""))[2:]
    return sum(line[0] == "+" for line in lines), sum(line[0] == "-" for line in lines), "\n".join(lines)
