"""Files by path: `/repos/OWNER/NAME/contents/…`. A write is a commit of one file."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.servers.github.exchange import Answer, Call, Json, Problem, on_repository
from tests.servers.github.gitdata import add_commit, commit_form, decoded, encoded, new_blob
from tests.servers.github.objects import HEADS, Entry

INLINE_BYTES = 1_000_000
"""Larger files come without their content, unless asked for as raw."""

LISTED_ENTRIES = 1000
_FILE_MODE = 0o100644


@on_repository("GET", "/contents/?")
def read_root(call: Call) -> Answer:
    """The entries of the root."""
    return read_contents(call, "")


@on_repository("GET", "/contents/{path*}")
def read_contents(call: Call, path: str) -> Answer:
    """A file, or the entries of a directory, at `ref` or on the default branch."""
    path = path.strip("/")
    if not call.objects.refs():
        raise Problem(404, "This repository is empty.")
    ref = call.request.query.get("ref") or call.repository.default_branch
    commit = call.objects.commit(call.objects.resolve(ref) or "")
    if commit is None:
        raise Problem(404, f"No commit found for the ref {ref}")
    entry = call.objects.at(commit.tree.decode(), path)
    if entry is None:
        raise Problem(404, "Not Found")
    if entry.kind == "tree":
        below = call.objects.entries(entry.sha, f"{path}/" if path else "")[:LISTED_ENTRIES]
        return Answer.of([_form(call, one, ref) for one in below])
    data = _data(call, entry)
    if call.request.accepts("raw"):
        return Answer.raw(data)
    inline = len(data) <= INLINE_BYTES
    content = {"content": encoded(data) if inline else "", "encoding": "base64" if inline else "none"}
    return Answer.of({**_form(call, entry, ref), **content})


@on_repository("PUT", "/contents/{path*}")
def write_contents(call: Call, path: str) -> Answer:
    """Create a file, or replace the one whose `sha` is given; the first one of all makes the branch."""
    wanted, path = call.request.json(), _path(path)
    if not isinstance(wanted.get("content"), str):
        raise Problem(422, 'Invalid request.\n\n"content" wasn\'t supplied.')
    blob = new_blob(call, decoded(wanted["content"]))
    branch, head = _branch(call, wanted, create=True)
    root = _root(call, head)
    there = call.objects.at(root, path) if root else None
    if there is not None:
        _require_same(there, wanted)
    call.objects.add(blob)
    tree = call.objects.edit(root, {path: (there.mode if there else _FILE_MODE, blob.id.decode())})
    commit = _commit(call, wanted, branch, head, tree)
    made = Entry(path, _FILE_MODE, blob.id.decode())
    return Answer.of({"content": _form(call, made, branch), "commit": commit}, 200 if there else 201)


@on_repository("DELETE", "/contents/{path*}")
def delete_contents(call: Call, path: str) -> Answer:
    """Delete the file whose `sha` is given."""
    wanted, path = {**call.request.query, **call.request.json()}, _path(path)
    branch, head = _branch(call, wanted, create=False)
    root = _root(call, head)
    there = call.objects.at(root, path) if root else None
    if there is None:
        raise Problem(404, "Not Found")
    _require_same(there, wanted)
    tree = call.objects.edit(root, {path: None})
    return Answer.of({"content": None, "commit": _commit(call, wanted, branch, head, tree)})


def _path(path: str) -> str:
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in path.split("/")) or "\0" in path:
        raise Problem(422, "path contains a malformed path component")
    return path


def _branch(call: Call, wanted: Json, *, create: bool) -> tuple[str, str | None]:
    """(branch, its head); no head for the first commit of all."""
    if not isinstance(wanted.get("message"), str):
        raise Problem(422, 'Invalid request.\n\n"message" wasn\'t supplied.')
    name = str(wanted.get("branch") or call.repository.default_branch)
    branches = call.objects.branches()
    if name not in branches and (branches or not create):
        raise Problem(404, f"Branch {name} not found")
    return name, branches.get(name)


def _root(call: Call, head: str | None) -> str | None:
    commit = call.objects.commit(head or "")
    return None if commit is None else commit.tree.decode()


def _require_same(there: Entry, wanted: Json) -> None:
    if there.kind == "tree":
        raise Problem(422, f"{there.path} is a directory")
    if not wanted.get("sha"):
        raise Problem(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if wanted["sha"] != there.sha:
        raise Problem(409, f"{there.path} does not match {wanted['sha']}")


def _commit(call: Call, wanted: Json, branch: str, head: str | None, tree: str) -> Json:
    sha = add_commit(call, tree, [head] if head else [], wanted["message"], wanted)
    if not call.objects.move(f"{HEADS}{branch}", head, sha):
        raise Problem(409, f"{branch} moved meanwhile")
    call.store.touched(call.repository)
    return commit_form(call, sha)


def _data(call: Call, entry: Entry) -> bytes:
    blob = call.objects.blob(entry.sha)
    return blob.as_raw_string() if blob else b""


def _form(call: Call, entry: Entry, ref: str) -> Json:
    where, asked = quote(entry.path), quote(ref, safe="")
    html = f"{call.base}/{call.repository.full_name}"
    form: dict[str, Any] = {
        "name": entry.path.rpartition("/")[2],
        "path": entry.path,
        "sha": entry.sha,
        "size": call.objects.size(entry.sha) if entry.kind == "blob" else 0,
        "url": f"{call.url}/contents/{where}?ref={asked}",
        "html_url": f"{html}/blob/{asked}/{where}",
        "git_url": f"{call.url}/git/{entry.kind}s/{entry.sha}",
        "download_url": f"{html}/raw/{asked}/{where}" if entry.kind == "blob" else None,
        "type": {"tree": "dir", "commit": "submodule"}.get(entry.kind, "file"),
    }
    return {**form, "_links": {"self": form["url"], "git": form["git_url"], "html": form["html_url"]}}
