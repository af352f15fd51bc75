"""Repositories, and the accounts that own them."""

from __future__ import annotations

from tests.servers.github.exchange import Answer, Call, Json, Problem, on_repository, on_site
from tests.servers.github.gitdata import add_commit, new_blob
from tests.servers.github.objects import HEADS
from tests.servers.github.store import Account, Repository

_FILE_MODE = 0o100644
_SUBRESOURCES = (
    "archive branches blobs collaborators comments commits compare contents contributors deployments downloads "
    "events forks hooks issues keys labels languages merges milestones notifications pulls releases stargazers "
    "statuses subscribers subscription tags teams trees"
)


@on_site("GET", "/user")
def read_user(call: Call) -> Answer:
    """The user of the token."""
    return Answer.of(account_form(call, call.who))


@on_site("GET", "/users/{login}")
def read_account(call: Call, login: str) -> Answer:
    """A user or an organisation."""
    return Answer.of(account_form(call, _account(call, login)))


@on_site("GET", "/orgs/{login}")
def read_organisation(call: Call, login: str) -> Answer:
    """An organisation."""
    found = _account(call, login)
    if found.kind != "Organization":
        raise Problem(404, "Not Found")
    return Answer.of(account_form(call, found))


@on_site("GET", "/user/repos")
def read_repositories(call: Call) -> Answer:
    """All repositories that the user of the token may see."""
    _ = call.who  # asks for a token
    found = [one for one in call.store.repositories() if may_write(call, one)]
    return call.page(found, lambda one: repository_form(call, one))


@on_site("GET", "/users/{login}/repos")
@on_site("GET", "/orgs/{login}/repos")
def read_repositories_of(call: Call, login: str) -> Answer:
    """Those of one account that the user of the token may see."""
    owner = _account(call, login).login
    found = [one for one in call.store.repositories() if one.owner == owner and may_read(call, one)]
    return call.page(found, lambda one: repository_form(call, one))


@on_site("POST", "/user/repos")
def create_repository(call: Call) -> Answer:
    """Create a repository of one's own."""
    return _create(call, call.who)


@on_site("POST", "/orgs/{login}/repos")
def create_repository_of(call: Call, login: str) -> Answer:
    """Create a repository of an organisation that one is a member of."""
    found = _account(call, login)
    if call.who.login not in found.members:
        raise Problem(404, "Not Found")
    return _create(call, found)


@on_repository("GET", "")
def read_repository(call: Call) -> Answer:
    """A repository."""
    return Answer.of(repository_form(call, call.repository))


@on_repository("PATCH", "")
def update_repository(call: Call) -> Answer:
    """Rename it, or change its visibility, default branch, description or whether it is archived."""
    wanted, found = call.request.json(), call.repository
    if "default_branch" in wanted:
        if wanted["default_branch"] not in call.objects.branches():
            raise Problem(422, f"The branch {wanted['default_branch']} was not found.")
        found.default_branch = wanted["default_branch"]
        call.objects.set_head(found.default_branch)
    if "visibility" in wanted or "private" in wanted:
        found.visibility = wanted.get("visibility") or ("private" if wanted["private"] else "public")
        found.private = found.visibility != "public"
    found.description = wanted.get("description", found.description)
    found.archived = bool(wanted.get("archived", found.archived))
    if wanted.get("name", found.name) != found.name:
        call.store.move_repository(found, found.owner, str(wanted["name"]))
    call.store.touched(found, pushed=False)
    return Answer.of(repository_form(call, found))


@on_repository("DELETE", "")
def delete_repository(call: Call) -> Answer:
    """Delete it."""
    call.store.delete_repository(call.repository)
    return Answer(204)


@on_repository("POST", "/transfer")
def transfer_repository(call: Call) -> Answer:
    """Give it to another account, at once."""
    owner = str(call.request.json().get("new_owner", ""))
    call.store.move_repository(call.repository, owner, call.repository.name)
    return Answer.of(repository_form(call, call.repository), 202)


def may_read(call: Call, found: Repository) -> bool:
    """Whether the caller may see a repository."""
    return found.visibility == "public" or _belongs(call, found)


def may_write(call: Call, found: Repository) -> bool:
    """Whether the caller, if the token allows it, may change a repository."""
    return _belongs(call, found)


def account_form(call: Call, found: Account) -> Json:
    """An account as the API tells it."""
    url = f"{call.base}/{'orgs' if found.kind == 'Organization' else 'users'}/{found.login}"
    return {
        "login": found.login,
        "id": found.id,
        "node_id": f"A_{found.id}",
        "avatar_url": "",
        "url": url,
        "html_url": f"{call.base}/{found.login}",
        "repos_url": f"{url}/repos",
        "type": found.kind,
        "site_admin": False,
    }


def repository_form(call: Call, found: Repository) -> Json:
    """A repository as the API tells it."""
    url, html = f"{call.base}/repos/{found.full_name}", f"{call.base}/{found.full_name}"
    owner = call.store.account(found.owner)
    assert owner is not None, found.owner
    write = may_write(call, found)
    return {
        "id": found.id,
        "node_id": f"R_{found.id}",
        "name": found.name,
        "full_name": found.full_name,
        "private": found.private,
        "visibility": found.visibility,
        "owner": account_form(call, owner),
        "html_url": html,
        "description": found.description,
        "fork": False,
        "url": url,
        **{f"{name}_url": f"{url}/{name}" for name in _SUBRESOURCES.split()},
        "git_commits_url": f"{url}/git/commits{{/sha}}",
        "git_refs_url": f"{url}/git/refs{{/sha}}",
        "git_tags_url": f"{url}/git/tags{{/sha}}",
        "clone_url": f"{html}.git",
        "git_url": f"{html}.git",
        "svn_url": html,
        "default_branch": found.default_branch,
        "size": 0,
        "archived": found.archived,
        "disabled": False,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "pushed_at": found.pushed_at,
        "permissions": {"admin": write, "maintain": write, "push": write, "triage": write, "pull": True},
    }


def _belongs(call: Call, found: Repository) -> bool:
    owner = call.store.account(found.owner)
    if call.account is None or call.token is None or owner is None:
        return False
    if call.token.repositories is not None and found.id not in call.token.repositories:
        return False
    return call.account.login == owner.login or call.account.login in owner.members


def _account(call: Call, login: str) -> Account:
    found = call.store.account(login)
    if found is None:
        raise Problem(404, "Not Found")
    return found


def _create(call: Call, owner: Account) -> Answer:
    wanted = call.request.json()
    if call.token is None or not call.token.write:
        raise Problem(403, "Resource not accessible by personal access token")
    visibility = wanted.get("visibility") or ("private" if wanted.get("private") else "public")
    made = call.store.create_repository(
        owner.login, str(wanted.get("name", "")), visibility, description=wanted.get("description")
    )
    call.found_repository, call.found_objects = made, call.store.objects(made)
    if wanted.get("auto_init"):
        with call.objects.lock:
            blob = call.objects.add(new_blob(call, f"# {made.name}\n".encode()))
            tree = call.objects.edit(None, {"README.md": (_FILE_MODE, blob)})
            commit = add_commit(call, tree, [], "Initial commit", {})
            call.objects.move(f"{HEADS}{made.default_branch}", None, commit)
            call.store.touched(made)
    return Answer.of(repository_form(call, made), 201, {"Location": f"{call.base}/repos/{made.full_name}"})
