"""The stand-in for GitHub does what GitHub does: who may what, repositories, files by path, workflows, GraphQL."""

from __future__ import annotations

import base64
import json
import os
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from github import Auth, Github, GithubException, RateLimitExceededException
from github.Repository import Repository

from tests.servers.github import GitHubServer
from tests.unit.servers.github_asking import (
    UNKNOWN,
    VAULT,
    ask,
    head,
    hub,
)


def test_only_a_valid_token_opens_the_door(vault: GitHubServer) -> None:
    assert ask(vault, "GET", "/user").data["login"] == "alice"
    for token in ("-", "wrong"):
        for path in ("/user", VAULT):
            assert ask(vault, "GET", path, by=token).status == 401
    assert ask(vault, "GET", "/user", by="wrong").data["message"] == "Bad credentials"
    with pytest.raises(GithubException) as caught:
        hub(vault, "wrong").get_user().login  # noqa: B018  # asking is what fails
    assert caught.value.status == 401


def test_what_belongs_to_others_is_not_found_unless_it_is_public(vault: GitHubServer) -> None:
    bob = vault.add_user("bob")
    assert ask(vault, "GET", VAULT, by=bob).status == 404
    vault.change("visibility", repository="alice/vault", visibility="public")
    assert ask(vault, "GET", VAULT, by=bob).data["permissions"]["push"] is False
    assert ask(vault, "GET", VAULT, by="-").status == 200
    assert ask(vault, "DELETE", VAULT, by=bob).status == 403


def test_a_token_without_write_permission_may_read_only(vault: GitHubServer) -> None:
    reader = vault.add_token("alice", write=False, scopes=None)
    assert ask(vault, "GET", VAULT, by=reader).status == 200
    for method, path in (("PUT", "/contents/b"), ("POST", "/git/trees"), ("PATCH", "/git/refs/heads/main")):
        answer = ask(vault, method, VAULT + path, {}, by=reader)
        assert (answer.status, answer.data["message"]) == (403, "Resource not accessible by personal access token")
    assert "X-OAuth-Scopes" not in answer.headers
    elsewhere = vault.add_token("alice", repositories=[1])
    assert ask(vault, "GET", VAULT, by=elsewhere).status == 404


def test_headers_tell_scopes_expiry_quota_and_time(vault: GitHubServer) -> None:
    vault.change("token", login="alice", expires="2099-10-12T09:00:00Z")
    vault.change("rate", limit=100, remaining=11, reset_in=60)
    vault.change("clock", offset=-600)
    answer = ask(vault, "GET", "/user")
    assert answer.headers["X-OAuth-Scopes"] == "repo"
    assert answer.headers["github-authentication-token-expiration"] == "2099-10-12 09:00:00 UTC"
    assert answer.headers["X-RateLimit-Limit"] == "100"
    assert answer.headers["X-RateLimit-Remaining"] == "10"
    skew = datetime.now(UTC) - parsedate_to_datetime(answer.headers["Date"])
    assert 590 < skew.total_seconds() < 620
    assert int(answer.headers["X-RateLimit-Reset"]) > datetime.now(UTC).timestamp() - 3600
    vault.change("token", login="alice", expires="2001-01-01T00:00:00Z")
    assert ask(vault, "GET", "/user").status == 401


def test_the_quota_ends_and_begins_again(vault: GitHubServer) -> None:
    vault.change("rate", remaining=1, reset_in=60)
    assert ask(vault, "GET", "/user").status == 200
    with pytest.raises(RateLimitExceededException):
        hub(vault).get_user().login  # noqa: B018  # as above
    assert ask(vault, "GET", "/rate_limit").data["rate"]["remaining"] == 0
    vault.change("clock", offset=61)
    assert ask(vault, "GET", "/user").headers["X-RateLimit-Remaining"] == "4999"


def test_a_repository_is_created_read_and_deleted(server: GitHubServer) -> None:
    made = hub(server).get_user().create_repo("vault", private=True)
    assert (made.full_name, made.private, made.visibility, made.default_branch) == (
        "alice/vault",
        True,
        "private",
        "main",
    )
    assert hub(server).get_repo("Alice/VAULT").id == made.id
    assert hub(server).get_repo(made.id).full_name == "alice/vault"
    assert [one.full_name for one in hub(server).get_user().get_repos()] == ["alice/vault"]
    with pytest.raises(GithubException) as caught:
        hub(server).get_user().create_repo("vault")
    assert caught.value.status == 422
    assert "name already exists" in json.dumps(caught.value.data)
    made.delete()
    assert ask(server, "GET", VAULT).status == 404
    assert not server.store.repositories()


def test_an_organisation_has_repositories_that_its_members_write(server: GitHubServer) -> None:
    server.add_organization("club", ["alice"])
    made = hub(server).get_organization("club").create_repo("vault", private=True, auto_init=True)
    assert made.full_name == "club/vault"
    assert made.get_readme is not None and made.get_branch("main").name == "main"
    bob = server.add_user("bob")
    assert ask(server, "GET", "/repos/club/vault", by=bob).status == 404
    assert ask(server, "POST", "/orgs/club/repos", {"name": "x"}, by=bob).status == 404


def test_a_renamed_or_transferred_repository_leads_on(vault: GitHubServer) -> None:
    number = ask(vault, "GET", VAULT).data["id"]
    vault.add_user("bob")
    vault.add_organization("club", ["alice"])
    vault.change("rename", repository="alice/vault", name="other")
    vault.change("transfer", repository="alice/other", owner="club")
    answer = ask(vault, "GET", f"{VAULT}/git/matching-refs/heads/?per_page=5")
    assert answer.status == 301
    assert answer.headers["Location"] == f"{vault.url}/repositories/{number}/git/matching-refs/heads/?per_page=5"
    assert ask(vault, "GET", answer.headers["Location"]).data[0]["ref"] == "refs/heads/main"
    assert hub(vault).get_repo("alice/vault").full_name == "club/other"
    assert ask(vault, "PATCH", f"{VAULT}/git/refs/heads/main", {}).status == 307
    assert ask(vault, "GET", VAULT, by=vault.add_user("bob")).status == 404
    vault.create_repository("vault")
    assert ask(vault, "GET", VAULT).data["id"] != number
    vault.change("delete", repository="alice/vault")
    assert ask(vault, "GET", VAULT).status == 404


def test_everything_is_below_the_address_of_a_company_too(vault: GitHubServer) -> None:
    company = Github(base_url=f"{vault.url}/api/v3", auth=Auth.Token(vault.token), retry=None, seconds_between_writes=0)
    repository = company.get_repo("alice/vault")
    assert repository.url == f"{vault.url}/api/v3{VAULT}"
    repository.create_git_ref("refs/heads/b", head(vault)).edit(head(vault))
    assert {row["path"] for row in vault.log()} >= {VAULT, f"{VAULT}/git/refs", f"{VAULT}/git/refs/heads/b"}


def test_a_wiped_repository_has_another_id_and_is_empty(vault: GitHubServer) -> None:
    old = ask(vault, "GET", VAULT).data["id"]
    vault.change("wipe", repository="alice/vault")
    assert ask(vault, "GET", VAULT).data["id"] != old
    assert ask(vault, "GET", f"/repositories/{old}").status == 404
    assert ask(vault, "GET", f"{VAULT}/git/ref/heads/main").status == 409
    vault.change("delete", repository="alice/vault")
    assert ask(vault, "GET", VAULT).status == 404


@pytest.mark.parametrize(
    ("fields", "private"), [({"visibility": "internal"}, True), ({"visibility": "public", "private": True}, True)]
)
def test_visibility_can_change_and_contradict(vault: GitHubServer, fields: dict[str, Any], private: bool) -> None:
    vault.change("visibility", repository="alice/vault", **fields)
    data = ask(vault, "GET", VAULT).data
    assert (data["visibility"], data["private"]) == (fields["visibility"], private)


def test_an_empty_repository_takes_a_first_file_only(server: GitHubServer) -> None:
    server.create_repository("vault")
    for method, path in (
        ("GET", "/git/ref/heads/main"),
        ("GET", "/git/matching-refs/heads/"),
        ("GET", "/commits"),
        ("POST", "/git/blobs"),
        ("POST", "/git/trees"),
        ("POST", "/git/commits"),
        ("POST", "/git/refs"),
    ):
        answer = ask(server, method, VAULT + path, {} if method == "POST" else None)
        assert (answer.status, answer.data["message"]) == (409, "Git Repository is empty."), path
    assert ask(server, "GET", f"{VAULT}/contents/").status == 404
    assert ask(server, "GET", f"{VAULT}/branches/main").status == 404
    assert ask(server, "GET", f"{VAULT}/tarball").status == 404
    made = hub(server).get_repo("alice/vault").create_file("a/b.txt", "First", "text", branch="live/laptop")
    assert head(server, "live/laptop") == made["commit"].sha
    assert ask(server, "GET", VAULT).data["default_branch"] == "live/laptop"


def test_a_file_is_created_updated_and_deleted(vault: GitHubServer) -> None:
    repository, path, data = hub(vault).get_repo("alice/vault"), "Tagebuch/März ✓ #1?.bin", bytes(range(256))
    created = repository.create_file(path, "Add", data)["content"]
    found = repository.get_contents(path)
    assert not isinstance(found, list)
    assert (found.decoded_content, found.path, found.sha) == (data, path, created.sha)
    repository.update_file(path, "Change", b"new", created.sha)
    assert [one.path for one in _listing(repository, "Tagebuch")] == [path]
    now = repository.get_contents(path)
    assert not isinstance(now, list) and now.decoded_content == b"new"
    repository.delete_file(path, "Remove", now.sha)
    assert [one.name for one in _listing(repository, "")] == ["a.txt"]
    assert [commit.commit.message for commit in repository.get_commits()] == ["Remove", "Change", "Add", "First"]


def test_a_write_needs_the_sha_of_what_it_replaces(vault: GitHubServer) -> None:
    content = base64.b64encode(b"two").decode()
    body = {"message": "m", "content": content}
    assert ask(vault, "PUT", f"{VAULT}/contents/a.txt", body).status == 422
    assert ask(vault, "PUT", f"{VAULT}/contents/a.txt", {**body, "sha": UNKNOWN}).status == 409
    assert ask(vault, "DELETE", f"{VAULT}/contents/a.txt", {"message": "m"}).status == 422
    assert ask(vault, "DELETE", f"{VAULT}/contents/a.txt", {"message": "m", "sha": UNKNOWN}).status == 409
    assert ask(vault, "DELETE", f"{VAULT}/contents/none", {"message": "m", "sha": UNKNOWN}).status == 404
    assert ask(vault, "PUT", f"{VAULT}/contents/b", {**body, "content": "***"}).status == 422
    assert ask(vault, "PUT", f"{VAULT}/contents/b", {**body, "branch": "none"}).status == 404
    assert ask(vault, "PUT", f"{VAULT}/contents/x/.git/b", body).status == 422
    assert ask(vault, "GET", f"{VAULT}/contents/a.txt", Accept="application/vnd.github.raw+json").content == b"one\n"


def test_a_file_over_one_megabyte_comes_only_as_raw(vault: GitHubServer) -> None:
    data = os.urandom(1_000_001)
    hub(vault).get_repo("alice/vault").create_file("big", "Big", data)
    found = ask(vault, "GET", f"{VAULT}/contents/big").data
    assert (found["encoding"], found["content"], found["size"]) == ("none", "", len(data))
    assert ask(vault, "GET", f"{VAULT}/contents/big", Accept="application/vnd.github.raw").content == data
    blob = ask(vault, "GET", f"{VAULT}/git/blobs/{found['sha']}").data
    assert base64.b64decode(blob["content"]) == data


def test_a_workflow_is_listed_dispatched_and_watched(vault: GitHubServer) -> None:
    text = "name: Nightly copy\non: [workflow_dispatch]\njobs: {}\n"
    for name, content in (("copy.yml", text), ("other.yml", "on: push\n")):
        vault.change("commit", repository="alice/vault", path=f".github/workflows/{name}", content=content)
    repository = hub(vault).get_repo("alice/vault")
    assert [one.name for one in repository.get_workflows()] == ["Nightly copy", ".github/workflows/other.yml"]
    workflow = repository.get_workflow("copy.yml")
    assert workflow.create_dispatch("main")
    assert not repository.get_workflow("other.yml").create_dispatch("main")
    assert ask(vault, "POST", f"{VAULT}/actions/workflows/copy.yml/dispatches", {"ref": "none"}).status == 422
    (run,) = workflow.get_runs()
    shown: list[str | None] = [run.status, run.conclusion, run.head_sha]
    assert shown == ["queued", None, head(vault)]
    vault.change("run", repository="alice/vault", conclusion="failure")
    assert repository.get_workflow_run(run.id).conclusion == "failure"


def test_graphql_commits_on_the_expected_head_only(vault: GitHubServer) -> None:
    assert ask(vault, "POST", "/graphql", {"query": "{ viewer { login } }"}).data["data"]["viewer"]["login"] == "alice"
    assert ask(vault, "POST", "/graphql", {"query": "{ viewer { login } }"}, by="-").status == 401
    text = "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }"
    first = head(vault)
    wanted = {
        "branch": {"repositoryNameWithOwner": "alice/vault", "branchName": "main"},
        "message": {"headline": "By mutation"},
        "fileChanges": {
            "additions": [{"path": "d/g", "contents": base64.b64encode(b"g").decode()}],
            "deletions": [{"path": "a.txt"}],
        },
        "expectedHeadOid": first,
    }
    made = ask(vault, "POST", "/graphql", {"query": text, "variables": {"input": wanted}}).data
    assert made["data"]["createCommitOnBranch"]["commit"]["oid"] == head(vault)
    assert [row["path"] for row in ask(vault, "GET", f"{VAULT}/contents/").data] == ["d"]
    again = ask(vault, "POST", "/graphql", {"query": text, "variables": {"input": wanted}})
    assert (again.status, again.data["errors"][0]["type"]) == (200, "STALE_DATA")


def _listing(repository: Repository, path: str) -> list[Any]:
    found = repository.get_contents(path)
    assert isinstance(found, list)
    return found
