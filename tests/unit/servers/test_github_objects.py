"""The stand-in for GitHub keeps blobs, trees, commits and refs as Git does, and tells what changed."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from github import InputGitTreeElement

from tests.servers.github import GitHubServer
from tests.unit.servers.github_asking import (
    UNKNOWN,
    VAULT,
    Answered,
    add_commit,
    ask,
    git,
    head,
    hub,
    move,
    needs_git,
)


def test_blobs_have_the_ids_of_git(vault: GitHubServer) -> None:
    repository, data = hub(vault).get_repo("alice/vault"), b"\0binary\xff"
    wanted = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    made = repository.create_git_blob(base64.b64encode(data).decode(), "base64")
    assert made.sha == wanted
    assert base64.b64decode(repository.get_git_blob(wanted).content) == data
    assert repository.create_git_blob("ü", "utf-8").sha == hashlib.sha1(b"blob 2\0\xc3\xbc").hexdigest()  # noqa: S324  # Git's
    assert ask(vault, "GET", f"{VAULT}/git/blobs/{UNKNOWN}").status == 404
    assert ask(vault, "GET", f"{VAULT}/git/blobs/{wanted}", Accept="application/vnd.github.raw").content == data


def test_trees_are_made_of_contents_ids_and_what_was_there(vault: GitHubServer) -> None:
    repository = hub(vault).get_repo("alice/vault")
    base = repository.get_git_tree("main")
    blob = base.tree[0].sha
    tree = repository.create_git_tree(
        [
            InputGitTreeElement("d/e/f.txt", "100644", "blob", content="deep"),
            InputGitTreeElement("copy.txt", "100755", "blob", sha=blob),
            InputGitTreeElement("a.txt", "100644", "blob", sha=None),
        ],
        base_tree=base,
    )
    assert [one.path for one in repository.get_git_tree(tree.sha).tree] == ["copy.txt", "d"]
    deep = repository.get_git_tree(tree.sha, recursive=True)
    assert [(one.path, one.type, one.mode) for one in deep.tree] == [
        ("copy.txt", "blob", "100755"),
        ("d", "tree", "040000"),
        ("d/e", "tree", "040000"),
        ("d/e/f.txt", "blob", "100644"),
    ]
    gone = repository.create_git_tree([InputGitTreeElement("d/e/f.txt", "100644", "blob", sha=None)], base_tree=tree)
    assert [one.path for one in gone.tree] == ["copy.txt"]
    over = repository.create_git_tree([InputGitTreeElement("d", "100644", "blob", content="file")], base_tree=tree)
    assert [(one.path, one.type) for one in over.tree] == [("copy.txt", "blob"), ("d", "blob")]


@pytest.mark.parametrize(
    "row",
    [
        {"path": "b", "mode": "100644", "type": "blob", "sha": UNKNOWN},
        {"path": "none", "mode": "100644", "type": "blob", "sha": None},
        {"path": "b", "mode": "100600", "type": "blob", "content": ""},
        {"path": "/b", "mode": "100644", "type": "blob", "content": ""},
        {"path": "x/../b", "mode": "100644", "type": "blob", "content": ""},
        {"path": "x/.git/b", "mode": "100644", "type": "blob", "content": ""},
        {"path": "b", "mode": "100644", "type": "blob"},
    ],
)
def test_a_tree_that_cannot_be_is_refused(vault: GitHubServer, row: dict[str, Any]) -> None:
    assert ask(vault, "POST", f"{VAULT}/git/trees", {"tree": [row], "base_tree": head(vault)}).status == 422
    good = {"path": "b", "mode": "100644", "type": "blob", "content": ""}
    assert ask(vault, "POST", f"{VAULT}/git/trees", {"tree": [good], "base_tree": UNKNOWN}).status == 422


def test_a_large_tree_is_truncated(vault: GitHubServer) -> None:
    move(vault, add_commit(vault, head(vault), *((f"d/{number}", str(number)) for number in range(20))))
    whole = ask(vault, "GET", f"{VAULT}/git/trees/main?recursive=1").data
    assert (len(whole["tree"]), whole["truncated"]) == (22, False)
    vault.change("tree-limits", entries=7)
    part = ask(vault, "GET", f"{VAULT}/git/trees/main?recursive=1").data
    assert (part["tree"], part["truncated"]) == (whole["tree"][:7], True)
    vault.change("tree-limits", size=1500)
    answer = ask(vault, "GET", f"{VAULT}/git/trees/main?recursive=1")
    assert answer.data["truncated"] and 0 < len(answer.data["tree"]) < 22 and len(answer.content) <= 1500
    assert ask(vault, "GET", f"{VAULT}/git/trees/main").data["truncated"] is False
    vault.change("tree-limits", posted=2)
    rows = [{"path": name, "mode": "100644", "type": "blob", "content": ""} for name in "abc"]
    posted = [ask(vault, "POST", f"{VAULT}/git/trees", {"tree": rows[:count]}).status for count in (2, 3)]
    assert posted == [201, 502]


@needs_git
def test_commits_have_the_ids_of_git(vault: GitHubServer, tmp_path: Path) -> None:
    author = {"name": "Ann Ä", "email": "ann@example.org", "date": "2026-05-04T03:02:01+02:00"}
    parent = head(vault)
    made = add_commit(vault, parent, ("b", "b"), message="Subject ✓\n\nBody", author=author)
    text = git("-C", vault.directory("alice/vault"), "cat-file", "commit", made)
    assert text.splitlines()[1:5] == [
        f"parent {parent}",
        "author Ann Ä <ann@example.org> 1777856521 +0200",
        "committer Ann Ä <ann@example.org> 1777856521 +0200",
        "",
    ]
    found = ask(vault, "GET", f"{VAULT}/git/commits/{made}").data
    assert (found["message"], found["author"]["date"]) == ("Subject ✓\n\nBody", "2026-05-04T01:02:01Z")
    tree = found["tree"]["sha"]
    for wrong in ({"tree": UNKNOWN}, {"tree": tree, "parents": [UNKNOWN]}, {"tree": tree, "parents": [tree]}):
        assert ask(vault, "POST", f"{VAULT}/git/commits", {"message": "m", **wrong}).status == 422


def test_refs_are_created_read_moved_and_deleted(vault: GitHubServer) -> None:
    repository, first = hub(vault).get_repo("alice/vault"), head(vault)
    second = add_commit(vault, first, ("b", "b"))
    made = repository.create_git_ref("refs/heads/live/laptop", first)
    assert repository.get_git_ref("heads/live/laptop").object.sha == first
    assert [one.ref for one in repository.get_git_matching_refs("heads/")] == [
        "refs/heads/live/laptop",
        "refs/heads/main",
    ]
    assert [one.ref for one in repository.get_git_matching_refs("heads/live/")] == ["refs/heads/live/laptop"]
    assert ask(vault, "GET", f"{VAULT}/git/matching-refs/heads/none").data == []
    assert len(ask(vault, "GET", f"{VAULT}/git/matching-refs/?per_page=1").data) == 2
    made.edit(second)
    assert (made.update(), made.update()) == (True, False)
    branch = ask(vault, "GET", f"{VAULT}/branches/live/laptop").data
    assert branch["commit"]["sha"] == second
    assert branch["commit"]["commit"]["tree"]["sha"] == repository.get_git_tree(second).sha
    assert [one.name for one in repository.get_branches()] == ["live/laptop", "main"]
    made.delete()
    assert ask(vault, "GET", f"{VAULT}/git/ref/heads/live/laptop").status == 404


def test_a_ref_that_cannot_be_is_refused(vault: GitHubServer) -> None:
    first = head(vault)
    tree = ask(vault, "GET", f"{VAULT}/git/commits/{first}").data["tree"]["sha"]
    for ref, sha in (
        ("refs/heads/main", first),
        ("refs/heads/b", UNKNOWN),
        ("refs/heads/b", "short"),
        ("refs/heads/b", tree),
        ("heads/b", first),
        ("refs/heads/..", first),
        ("refs/heads/main/sub", first),
    ):
        assert ask(vault, "POST", f"{VAULT}/git/refs", {"ref": ref, "sha": sha}).status == 422, ref
    assert move(vault, UNKNOWN).status == 422
    assert move(vault, first, branch="none").data["message"] == "Reference does not exist"
    assert ask(vault, "DELETE", f"{VAULT}/git/refs/heads/none").status == 422
    assert ask(vault, "DELETE", f"{VAULT}/git/refs/heads/main").status == 422
    assert head(vault) == first


def test_only_force_moves_a_ref_backwards_or_sideways(vault: GitHubServer) -> None:
    first = head(vault)
    earlier = {"name": "a", "email": "a@example.org", "date": "2001-01-01T00:00:00Z"}
    one, two = (add_commit(vault, first, (name, name), committer=earlier) for name in "bc")
    assert move(vault, one).status == 200
    for sha in (two, first):
        refused = move(vault, sha)
        assert (refused.status, refused.data["message"]) == (422, "Update is not a fast forward")
        assert head(vault) == one
    assert move(vault, two, force=True).status == 200
    assert head(vault) == two


def test_of_eight_racing_writers_exactly_one_moves_the_ref(vault: GitHubServer) -> None:
    barrier = threading.Barrier(8)

    def together(action: Callable[[], Answered]) -> int:
        barrier.wait()
        return action().status

    with ThreadPoolExecutor(8) as pool:
        for turn in range(4):
            before = head(vault)
            mine = list(pool.map(lambda number: add_commit(vault, before, (f"{turn}-{number}", "")), range(8)))  # noqa: B023  # done within its turn
            statuses = list(pool.map(lambda sha: together(lambda: move(vault, sha)), mine))
            assert sorted(statuses) == [200] + [422] * 7
            assert head(vault) == mine[statuses.index(200)]
            body = {"ref": f"refs/heads/new{turn}", "sha": before}
            made = pool.map(lambda _: together(lambda: ask(vault, "POST", f"{VAULT}/git/refs", body)), range(8))  # noqa: B023  # as above
            assert sorted(made) == [201] + [422] * 7


def test_eight_writers_who_try_again_lose_nothing(vault: GitHubServer) -> None:
    def write(number: int) -> None:
        for turn in range(2):
            while move(vault, add_commit(vault, head(vault), (f"{number}-{turn}", ""))).status != 200:
                pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert len(ask(vault, "GET", f"{VAULT}/git/trees/main").data["tree"]) == 17
    assert len(ask(vault, "GET", f"{VAULT}/commits?per_page=100").data) == 17


def test_commits_are_found_by_path_and_time_page_by_page(vault: GitHubServer) -> None:
    sha = head(vault)
    for day in range(1, 6):
        who = {"name": "a", "email": "a@example.org", "date": f"2099-01-0{day}T12:00:00Z"}
        sha = add_commit(vault, sha, (f"d/{day}", ""), message=str(day), author=who)
    move(vault, sha)

    def messages(query: str) -> list[str]:
        return [row["commit"]["message"] for row in ask(vault, "GET", f"{VAULT}/commits?{query}").data]

    assert messages("path=d/3") == ["3"]
    assert messages("path=d&since=2099-01-02T12:00:00Z&until=2099-01-04T00:00:00Z") == ["3", "2"]
    assert messages("sha=" + ask(vault, "GET", f"{VAULT}/commits?path=d/2").data[0]["sha"]) == ["2", "1", "First"]
    assert ask(vault, "GET", f"{VAULT}/commits?sha=none").status == 404
    first = ask(vault, "GET", f"{VAULT}/commits?per_page=4")
    assert f'<{vault.url}{VAULT}/commits?per_page=4&page=2>; rel="next"' in first.headers["Link"]
    second = ask(vault, "GET", f"{VAULT}/commits?per_page=4&page=2")
    assert (len(first.data), len(second.data), 'rel="next"' in second.headers["Link"]) == (4, 2, False)
    walked = list(hub(vault).get_repo("alice/vault").get_commits())
    assert [one.commit.message for one in walked] == ["5", "4", "3", "2", "1", "First"]
    detail = ask(vault, "GET", f"{VAULT}/commits/main").data
    assert [(file["filename"], file["status"]) for file in detail["files"]] == [("d/5", "added")]


def test_two_commits_are_compared(vault: GitHubServer) -> None:
    first = head(vault)
    mine = add_commit(vault, add_commit(vault, first, ("b", "b\n")), ("a.txt", "one\ntwo\n"))
    other = add_commit(vault, first, ("a.txt", None))
    repository = hub(vault).get_repo("alice/vault")
    ahead = repository.compare(first, mine)
    assert (ahead.status, ahead.ahead_by, ahead.behind_by, ahead.total_commits) == ("ahead", 2, 0, 2)
    assert {file.filename: (file.status, file.additions) for file in ahead.files} == {
        "a.txt": ("modified", 1),
        "b": ("added", 1),
    }
    assert ahead.commits[1].sha == mine
    assert repository.compare(mine, first).status == "behind"
    apart = repository.compare(mine, other)
    assert (apart.status, apart.merge_base_commit.sha) == ("diverged", first)
    assert [(file.filename, file.status) for file in apart.files] == [("a.txt", "removed")]
    assert repository.compare(first, first).status == "identical"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/git/ref/heads/main",
        "/git/matching-refs/heads/",
        "/branches/main",
        "/git/trees/main?recursive=1",
        "/contents/a.txt",
        "/commits",
    ],
)
def test_what_did_not_change_is_not_sent_and_costs_nothing(vault: GitHubServer, path: str) -> None:
    first = ask(vault, "GET", VAULT + path)
    again = ask(vault, "GET", VAULT + path, If_None_Match=first.headers["ETag"])
    assert (again.status, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert again.headers["X-RateLimit-Used"] == first.headers["X-RateLimit-Used"]
    vault.change("clock", offset=5)
    vault.change("commit", repository="alice/vault", path="a.txt", content="two\n")
    vault.clear_log()
    changed = ask(vault, "GET", VAULT + path, If_None_Match=first.headers["ETag"])
    assert changed.status == 200
    assert int(changed.headers["X-RateLimit-Used"]) == int(first.headers["X-RateLimit-Used"]) + 1
    assert [row["charged"] for row in vault.log()] == [True]
