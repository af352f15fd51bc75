"""Blobs, trees and commits: `/repos/OWNER/NAME/git/…`."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Any

from dulwich.objects import Blob, Commit, ObjectID

from tests.servers.github.exchange import Answer, Call, Json, Problem, on_repository
from tests.servers.github.objects import Entry, Objects

MODES = {"100644": "blob", "100755": "blob", "120000": "blob", "040000": "tree", "160000": "commit"}
_LINE = 60


@on_repository("POST", "/git/blobs")
def create_blob(call: Call) -> Answer:
    """Create a blob from `utf-8` or `base64`."""
    call.objects.require_content()
    wanted = call.request.json()
    content, encoding = wanted.get("content"), wanted.get("encoding", "utf-8")
    if not isinstance(content, str) or encoding not in ("utf-8", "base64"):
        raise Problem(422, 'Invalid request.\n\n"content" wasn\'t supplied.')
    sha = call.objects.add(new_blob(call, decoded(content) if encoding == "base64" else content.encode()))
    return Answer.of({"sha": sha, "url": f"{call.url}/git/blobs/{sha}"}, 201)


@on_repository("GET", "/git/blobs/{sha}")
def read_blob(call: Call, sha: str) -> Answer:
    """A blob in base64, or as it is."""
    call.objects.require_content()
    blob = call.objects.blob(sha)
    if blob is None:
        raise Problem(404, "Not Found")
    data = blob.as_raw_string()
    if call.request.accepts("raw"):
        return Answer.raw(data)
    url = f"{call.url}/git/blobs/{sha}"
    return Answer.of(
        {"sha": sha, "node_id": sha, "size": len(data), "url": url, "content": encoded(data), "encoding": "base64"}
    )


@on_repository("POST", "/git/trees")
def create_tree(call: Call) -> Answer:
    """Create a tree from entries with `content` or `sha`, on top of `base_tree`."""
    call.objects.require_content()
    wanted = call.request.json()
    rows = wanted.get("tree")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise Problem(422, "Invalid tree info")
    if call.store.state.tree_posted is not None and len(rows) > call.store.state.tree_posted:
        raise Problem(502, "Server Error")  # users tell of it beyond some 200 files or 2.5 MB; nothing is documented
    base = wanted.get("base_tree") or None
    if base is not None:
        commit = call.objects.commit(str(base))  # not documented, but taken
        base = commit.tree.decode() if commit else str(base)
        if call.objects.tree(base) is None:
            raise Problem(422, "base_tree is not a valid tree oid")
    changes = {str(row.get("path", "")): _change(call, row) for row in rows}
    try:
        sha = call.objects.edit(base, changes)
    except KeyError as error:
        raise Problem(422, "GitRPC::BadObjectState") from error
    return Answer.of(_tree_form(call, sha, call.objects.entries(sha)), 201)


@on_repository("GET", "/git/trees/{name*}")
def read_tree(call: Call, name: str) -> Answer:
    """A tree; with `recursive`, whatever its value, all below, cut off and `truncated` beyond the limits."""
    call.objects.require_content()
    sha = tree_of(call.objects, name)
    if sha is None:
        raise Problem(404, "Not Found")
    if "recursive" not in call.request.query:
        return Answer.of(_tree_form(call, sha, call.objects.entries(sha)))
    found = list(call.objects.walk(sha))
    limit = len(found) // 2 if call.truncated else call.store.state.tree_entries
    answer = Answer.of(_tree_form(call, sha, found[:limit], truncated=call.truncated or len(found) > limit))
    while len(answer.body) > call.store.state.tree_bytes and limit:
        limit = min(limit, len(found)) * call.store.state.tree_bytes // (len(answer.body) + 1)
        answer = Answer.of(_tree_form(call, sha, found[:limit], truncated=True))
    return answer


@on_repository("POST", "/git/commits")
def create_commit(call: Call) -> Answer:
    """Create a commit; it has the id that Git gives it."""
    call.objects.require_content()
    wanted = call.request.json()
    tree, parents = str(wanted.get("tree", "")), [str(parent) for parent in wanted.get("parents", ())]
    if not isinstance(wanted.get("message"), str):
        raise Problem(422, 'Invalid request.\n\n"message" wasn\'t supplied.')
    if call.objects.tree(tree) is None:
        raise Problem(422, "Tree SHA does not exist")
    if not all(call.objects.commit(parent) for parent in parents):
        raise Problem(422, "Parent SHA does not exist or is not a commit object")
    sha = add_commit(call, tree, parents, wanted["message"], wanted)
    return Answer.of(commit_form(call, sha), 201)


@on_repository("GET", "/git/commits/{sha}")
def read_commit(call: Call, sha: str) -> Answer:
    """A commit."""
    call.objects.require_content()
    if call.objects.commit(sha) is None:
        raise Problem(404, "Not Found")
    return Answer.of(commit_form(call, sha))


def add_commit(call: Call, tree: str, parents: list[str], message: str, wanted: Json) -> str:
    """Write a commit by `author` and `committer` of a request, or by the user of the token, now."""
    login = call.account.login if call.account else "someone"
    number = call.account.id if call.account else 0
    itself: Json = {"name": login, "email": f"{number}+{login}@users.noreply.github.com"}
    author = wanted.get("author") or wanted.get("committer") or itself
    committer = wanted.get("committer") or wanted.get("author") or itself
    made = Commit()
    made.tree = ObjectID(tree.encode())
    made.parents = [ObjectID(parent.encode()) for parent in parents]
    made.message = message.encode("utf-8", "surrogatepass")
    made.encoding = None
    made.author, made.author_time, made.author_timezone = _person(call, author)
    made.committer, made.commit_time, made.commit_timezone = _person(call, committer)
    return call.objects.add(made)


def commit_form(call: Call, sha: str) -> Json:
    """A commit as `/git/commits` tells it."""
    commit = call.objects.commit(sha)
    assert commit is not None, sha
    html = f"{call.base}/{call.repository.full_name}/commit"
    tree = commit.tree.decode()
    return {
        "sha": sha,
        "node_id": sha,
        "url": f"{call.url}/git/commits/{sha}",
        "html_url": f"{html}/{sha}",
        "author": person_form(commit.author, commit.author_time),
        "committer": person_form(commit.committer, commit.commit_time),
        "tree": {"sha": tree, "url": f"{call.url}/git/trees/{tree}"},
        "message": commit.message.decode("utf-8", "replace").rstrip("\n"),
        "parents": [
            {"sha": parent, "url": f"{call.url}/git/commits/{parent}", "html_url": f"{html}/{parent}"}
            for parent in (one.decode() for one in commit.parents)
        ],
        "verification": {
            "verified": False,
            "reason": "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        },
    }


def person_form(who: bytes, when: float) -> Json:
    """An author or committer, with the date in UTC."""
    name, _, email = who.decode("utf-8", "replace").partition(" <")
    date = datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"name": name, "email": email.rstrip(">"), "date": date}


def tree_of(objects: Objects, name: str) -> str | None:
    """The tree that a tree's sha, a commit or a ref stands for."""
    if objects.tree(name) is not None:
        return name
    commit = objects.commit(objects.resolve(name) or "")
    return None if commit is None else commit.tree.decode()


def new_blob(call: Call, data: bytes) -> Blob:
    """A blob. Raises Problem 409 when push protection is on and finds its marker."""
    marker = call.store.state.marker
    if marker and marker.encode() in data:
        raise Problem(
            409,
            "Repository rule violations found\n\nSecret detected in content\n\n",
            metadata={
                "secret_scanning": {"bypass_placeholders": [{"placeholder_id": "2nHl7AZ6c", "token_type": "pat"}]}
            },
        )
    return Blob.from_string(data)


def decoded(content: str) -> bytes:
    """What base64 stands for, line breaks allowed. Raises Problem 422."""
    try:
        return base64.b64decode(re.sub(r"\s", "", content), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Problem(422, "content is not valid Base64") from error


def encoded(data: bytes) -> str:
    """Base64 in lines of 60, as GitHub breaks it."""
    text = base64.b64encode(data).decode()
    return "".join(f"{text[at : at + _LINE]}\n" for at in range(0, len(text), _LINE))


def moment(text: str) -> datetime:
    """A date of the API. Raises Problem 422."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Problem(422, "Invalid request.\n\nThe date is not in ISO 8601.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _change(call: Call, row: Json) -> tuple[int, str] | None:
    path, mode, sha = row.get("path"), str(row.get("mode", "")), row.get("sha")
    if not isinstance(path, str) or not path:
        raise Problem(422, "Invalid tree info")
    if path.startswith("/"):
        raise Problem(422, "tree.path cannot start with a slash")
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in path.split("/")) or "\0" in path:
        raise Problem(422, "tree.path contains a malformed path component")
    if mode not in MODES:
        raise Problem(422, f"tree.mode must be one of {', '.join(MODES)}")
    if ("sha" in row) == ("content" in row):
        raise Problem(422, "Must supply either tree.sha or tree.content. Request will be rejected if both are present.")
    if "content" in row:
        return int(mode, 8), call.objects.add(new_blob(call, str(row["content"]).encode("utf-8", "surrogatepass")))
    if sha is None:
        return None
    found = call.objects.get(str(sha))
    if MODES[mode] != "commit" and (found is None or found.type_name.decode() != MODES[mode]):
        raise Problem(422, f"tree.sha {sha} is not a valid {MODES[mode]}")
    return int(mode, 8), str(sha)


def _person(call: Call, who: Json) -> tuple[bytes, float, int]:
    name, email = (re.sub(r"[<>\n\r\0]", "", str(who.get(key) or "")).strip() for key in ("name", "email"))
    when = moment(str(who["date"])) if who.get("date") else datetime.fromtimestamp(call.store.now(), UTC)
    offset = when.utcoffset()
    return f"{name} <{email}>".encode(), int(when.timestamp()), int(offset.total_seconds()) if offset else 0


def _tree_form(call: Call, sha: str, entries: list[Entry], *, truncated: bool = False) -> Json:
    return {
        "sha": sha,
        "url": f"{call.url}/git/trees/{sha}",
        "tree": [_entry_form(call, entry) for entry in entries],
        "truncated": truncated,
    }


def _entry_form(call: Call, entry: Entry) -> Json:
    form: dict[str, Any] = {"path": entry.path, "mode": f"{entry.mode:06o}", "type": entry.kind, "sha": entry.sha}
    if entry.kind == "blob":
        form["size"] = call.objects.size(entry.sha)
    return {**form, "url": f"{call.url}/git/{entry.kind}s/{entry.sha}"}
