"""Refs and branches."""

from __future__ import annotations

from urllib.parse import quote

from tests.servers.github.exchange import Answer, Call, Json, Problem, on_repository
from tests.servers.github.history import commit_row
from tests.servers.github.objects import HEADS, NotFastForward, is_ref_name


@on_repository("GET", "/git/ref/{name*}")
@on_repository("GET", "/git/refs/{name*}")
def read_ref(call: Call, name: str) -> Answer:
    """One ref by its whole name after `refs/`; the second address is what a ref says of itself."""
    call.objects.require_content(stale=call.stale)
    sha = call.objects.refs(stale=call.stale).get(f"refs/{name}")
    if sha is None:
        raise Problem(404, "Not Found")
    return Answer.of(ref_form(call, f"refs/{name}", sha))


@on_repository("GET", "/git/matching-refs/{name*}")
def read_matching_refs(call: Call, name: str) -> Answer:
    """All refs whose name after `refs/` begins so, never in pages, whatever `per_page` says."""
    call.objects.require_content(stale=call.stale)
    found = [row for row in call.objects.refs(stale=call.stale).items() if row[0].startswith(f"refs/{name}")]
    return Answer.of([ref_form(call, *row) for row in found])


@on_repository("GET", "/git/matching-refs/?")
@on_repository("GET", "/git/refs/?")
def read_refs(call: Call) -> Answer:
    """All refs."""
    return read_matching_refs(call, "")


@on_repository("POST", "/git/refs")
def create_ref(call: Call) -> Answer:
    """Create a ref that is not there."""
    call.objects.require_content()
    wanted = call.request.json()
    name, sha = str(wanted.get("ref", "")), str(wanted.get("sha", ""))
    if not is_ref_name(name):
        raise Problem(422, f"{name} is not a valid ref name.")
    _require_object(call, name, sha)
    if name in call.objects.refs():
        raise Problem(422, "Reference already exists")
    _move(call, name, None, sha, force=True)
    return Answer.of(ref_form(call, name, sha), 201, {"Location": f"{call.url}/git/{quote(name)}"})


@on_repository("PATCH", "/git/refs/{name*}")
def update_ref(call: Call, name: str) -> Answer:
    """Move a ref, forwards only unless `force`."""
    call.objects.require_content()
    wanted = call.request.json()
    ref, sha = f"refs/{name}", str(wanted.get("sha", ""))
    old = call.objects.refs().get(ref)
    if old is None:
        raise Problem(422, "Reference does not exist")
    _require_object(call, ref, sha)
    _move(call, ref, old, sha, force=bool(wanted.get("force")))
    return Answer.of(ref_form(call, ref, sha))


@on_repository("DELETE", "/git/refs/{name*}")
def delete_ref(call: Call, name: str) -> Answer:
    """Delete a ref; the default branch stays."""
    call.objects.require_content()
    ref = f"refs/{name}"
    old = call.objects.refs().get(ref)
    if old is None:
        raise Problem(422, "Reference does not exist")
    if ref == f"{HEADS}{call.repository.default_branch}":
        raise Problem(422, "Cannot delete the default branch")
    _move(call, ref, old, None, force=True)
    return Answer(204)


@on_repository("GET", "/branches")
def read_branches(call: Call) -> Answer:
    """All branches."""
    rows = list(call.objects.branches(stale=call.stale).items())
    return call.page(
        rows,
        lambda row: {
            "name": row[0],
            "commit": {"sha": row[1], "url": f"{call.url}/commits/{row[1]}"},
            "protected": False,
        },
    )


@on_repository("GET", "/branches/{name*}")
def read_branch(call: Call, name: str) -> Answer:
    """A branch with its head commit."""
    sha = call.objects.branches(stale=call.stale).get(name)
    if sha is None:
        raise Problem(404, "Branch not found")
    url = f"{call.url}/branches/{quote(name)}"
    html = f"{call.base}/{call.repository.full_name}/tree/{quote(name)}"
    return Answer.of(
        {
            "name": name,
            "commit": commit_row(call, sha),
            "_links": {"self": url, "html": html},
            "protected": False,
            "protection": {"enabled": False, "required_status_checks": {"enforcement_level": "off", "contexts": []}},
            "protection_url": f"{url}/protection",
        }
    )


def ref_form(call: Call, name: str, sha: str) -> Json:
    """A ref as the API tells it."""
    found = call.objects.get(sha)
    kind = found.type_name.decode() if found else "commit"
    return {
        "ref": name,
        "node_id": name,
        "url": f"{call.url}/git/{quote(name)}",
        "object": {"sha": sha, "type": kind, "url": f"{call.url}/git/{kind}s/{sha}"},
    }


def _require_object(call: Call, name: str, sha: str) -> None:
    if len(sha) < 40:
        raise Problem(422, f"At least 40 characters are required; only {len(sha)} were supplied.")
    found = call.objects.get(sha)
    if found is None:
        raise Problem(422, "Object does not exist")
    if name.startswith(HEADS) and found.type_name != b"commit":
        raise Problem(422, "Object is not a commit")


def _move(call: Call, ref: str, old: str | None, new: str | None, *, force: bool) -> None:
    try:
        done = call.objects.move(ref, old, new, force=force)
    except NotFastForward as error:
        raise Problem(422, "Update is not a fast forward") from error
    except (NotADirectoryError, IsADirectoryError, FileExistsError) as error:
        raise Problem(422, "Reference cannot be created beside one whose name it begins with") from error
    if not done:
        raise Problem(409, f"{ref} moved meanwhile")
    call.store.touched(call.repository)
