"""What goes wrong on demand in the stand-in for GitHub, and what it writes down of each request."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from github import GithubException, RateLimitExceededException

from tests.servers.github import GitHubServer
from tests.unit.servers.github_asking import VAULT, add_commit, ask, head, hub, move

WRITE = f"PUT {VAULT}/contents/.*"
SOON = 0.3
"""Seconds that these clients have patience for."""


def write(server: GitHubServer, path: str = "b", patience: float = 10) -> int:
    """The status of creating a file."""
    body = {"message": "m", "content": base64.b64encode(b"text").decode()}
    headers = {"Authorization": f"token {server.token}"}
    where = f"{server.url}{VAULT}/contents/{path}"
    return requests.put(where, json=body, headers=headers, timeout=patience).status_code


def names(server: GitHubServer) -> list[str]:
    return [row["name"] for row in ask(server, "GET", f"{VAULT}/contents/").data]


@pytest.mark.parametrize(
    ("rule", "status", "message"),
    [
        ({"code": 401}, 401, "Bad credentials"),
        ({"ready": "scope"}, 403, "Resource not accessible by personal access token"),
        ({"ready": "secondary"}, 403, "secondary rate limit"),
        ({"ready": "secondary", "code": 429, "retry_after": 7}, 429, "secondary rate limit"),
        ({"code": 404}, 404, "Not Found"),
        ({"code": 409}, 409, "Conflict"),
        ({"ready": "push-protection"}, 409, "Secret detected"),
        ({"ready": "not-fast-forward"}, 422, "not a fast forward"),
        ({"code": 503}, 503, "Server Error"),
        ({"code": 418, "body": {"message": "tea"}, "headers": {"X-Pot": "1"}}, 418, "tea"),
    ],
)
def test_a_status_comes_so_often_and_nothing_is_done(
    vault: GitHubServer, rule: dict[str, Any], status: int, message: str
) -> None:
    vault.faults({"match": WRITE, "kind": "status", "times": 2, "skip": 1, **rule})
    assert write(vault, "before") == 201
    for _ in range(2):
        answer = ask(vault, "PUT", f"{VAULT}/contents/b", {})
        assert answer.status == status
        assert message in answer.data["message"]
        assert answer.headers.get("Retry-After") == (str(rule["retry_after"]) if "retry_after" in rule else None)
        assert int(answer.headers["X-RateLimit-Remaining"]) > 0
    assert names(vault) == ["a.txt", "before"]
    assert write(vault) == 201


def test_faults_come_over_http_too(vault: GitHubServer) -> None:
    rule = {"match": "GET /user", "kind": "status", "code": 502, "times": None}
    assert ask(vault, "POST", "/_fake/faults", [rule], by="-").status == 200
    assert [ask(vault, "GET", "/user").status for _ in range(3)] == [502] * 3
    assert ask(vault, "GET", "/_fake/faults", by="-").data[0]["match"] == "GET /user"
    ask(vault, "DELETE", "/_fake/faults", by="-")
    assert ask(vault, "GET", "/user").status == 200
    for wrong in (
        {"match": "(", "kind": "reset"},
        {"match": "x", "kind": "none"},
        {"match": "x", "kind": "status", "a": 1},
    ):
        assert ask(vault, "POST", "/_fake/faults", [wrong], by="-").status == 400
    assert ask(vault, "POST", "/_fake/state", {"action": "none"}, by="-").status == 400
    assert ask(vault, "POST", "/_fake/state", {"action": "squash", "repository": "no/where"}, by="-").status == 404


def test_an_exhausted_quota_says_when_it_begins_again(vault: GitHubServer) -> None:
    vault.faults({"match": "GET /user", "kind": "quota", "seconds": 90})
    with pytest.raises(RateLimitExceededException) as caught:
        hub(vault).get_user().login  # noqa: B018  # asking is what fails
    headers = caught.value.headers or {}
    assert headers["x-ratelimit-remaining"] == "0"
    assert 80 < int(headers["x-ratelimit-reset"]) - time.time() < 100
    assert ask(vault, "GET", "/user").status == 200


def test_a_portal_answers_html_with_200(vault: GitHubServer) -> None:
    vault.faults({"match": f"GET {VAULT}", "kind": "html"})
    answer = ask(vault, "GET", VAULT)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    vault.faults({"match": f"GET {VAULT}", "kind": "html"})
    with pytest.raises((GithubException, AssertionError, TypeError, ValueError)):
        assert hub(vault).get_repo("alice/vault").private is True


@pytest.mark.parametrize(
    ("rule", "error", "done"),
    [
        ({"kind": "timeout-before", "seconds": 60}, "Read timed out", False),
        ({"kind": "timeout-after", "seconds": 60}, "Read timed out", True),
        ({"kind": "timeout-before", "seconds": 0}, "without response", False),
        ({"kind": "blackhole"}, "Read timed out", False),
        ({"kind": "blackhole", "after": True}, "Read timed out", True),
        ({"kind": "reset"}, "reset by peer", False),
        ({"kind": "reset", "after": True}, "reset by peer", True),
        ({"kind": "garbage"}, "BadStatusLine", False),
        ({"kind": "garbage", "after": True}, "BadStatusLine", True),
    ],
)
def test_an_answer_is_lost_before_or_after_the_write(
    vault: GitHubServer, rule: dict[str, Any], error: str, done: bool
) -> None:
    vault.faults({"match": WRITE, **rule})
    with pytest.raises(requests.RequestException, match=error):
        write(vault, patience=SOON if error == "Read timed out" else 10)
    while not vault.log():
        pass  # a client without patience may be ahead of the server
    assert names(vault) == (["a.txt", "b"] if done else ["a.txt"])
    assert (vault.log()[0]["status"], vault.log()[0]["fault"]) == (201 if done else 0, rule["kind"])


def test_a_slow_answer_arrives(vault: GitHubServer) -> None:
    vault.faults({"match": WRITE, "kind": "timeout-after", "seconds": 0.2})
    assert write(vault) == 201


def test_a_server_ends_at_once_while_requests_are_held(vault: GitHubServer) -> None:
    vault.faults({"match": WRITE, "kind": "blackhole"})
    with ThreadPoolExecutor() as pool:
        held = pool.submit(write, vault, patience=100)
        while not vault.log():
            pass
        vault.close()
        assert isinstance(held.exception(), requests.ConnectionError)


def test_a_body_is_cut_off(vault: GitHubServer) -> None:
    vault.faults({"match": "GET /user", "kind": "truncated-body", "keep": 10})
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask(vault, "GET", "/user")


def test_one_byte_of_a_body_is_flipped(vault: GitHubServer) -> None:
    true = ask(vault, "GET", f"{VAULT}/contents/a.txt", Accept="application/vnd.github.raw").content
    vault.faults({"match": "GET .*/contents/a.txt", "kind": "flipped-byte", "at": 2})
    assert ask(vault, "GET", f"{VAULT}/contents/a.txt", Accept="application/vnd.github.raw").content == b"ond\n"
    assert true == b"one\n"


def test_a_body_comes_drop_by_drop(vault: GitHubServer) -> None:
    vault.faults({"match": "GET /user", "kind": "drip", "seconds": 0.01})
    headers = {"Authorization": f"token {vault.token}"}
    with requests.get(f"{vault.url}/user", headers=headers, timeout=10, stream=True) as answer:
        assert int(answer.headers["Content-Length"]) > 100
        assert [answer.raw.read(1) for _ in range(3)] == [b"{", b'"', b"l"]


def test_refs_are_stale_for_some_reads(vault: GitHubServer) -> None:
    first = head(vault)
    kept = ask(vault, "GET", f"{VAULT}/git/matching-refs/heads/").headers["ETag"]
    second = add_commit(vault, first, ("b", "b"))
    assert move(vault, second).status == 200
    ask(vault, "POST", f"{VAULT}/git/refs", {"ref": "refs/heads/new", "sha": first})
    vault.faults({"match": "GET .*/(git/(ref|matching-refs)|branches)/.*", "kind": "stale", "times": 4})
    assert head(vault) == first
    assert ask(vault, "GET", f"{VAULT}/branches/main").data["commit"]["sha"] == first
    assert ask(vault, "GET", f"{VAULT}/git/ref/heads/new").status == 404
    assert ask(vault, "GET", f"{VAULT}/git/matching-refs/heads/", If_None_Match=kept).status == 304
    assert head(vault) == second


def test_a_tree_is_truncated_on_demand(vault: GitHubServer) -> None:
    move(vault, add_commit(vault, head(vault), *((f"{number}", "") for number in range(5))))
    vault.faults({"match": "GET .*/git/trees/.*", "kind": "truncated-tree"})
    part, whole = (ask(vault, "GET", f"{VAULT}/git/trees/main?recursive=1").data for _ in range(2))
    assert (part["truncated"], len(part["tree"])) == (True, 3)
    assert (whole["truncated"], len(whole["tree"])) == (False, 6)


def test_something_happens_right_before_a_request(vault: GitHubServer) -> None:
    mine = add_commit(vault, head(vault), ("mine", ""))
    other = {"action": "commit", "repository": "alice/vault", "path": "other"}
    vault.faults({"match": "PATCH .*", "kind": "change", "change": other})
    assert move(vault, mine).data["message"] == "Update is not a fast forward"
    assert names(vault) == ["a.txt", "other"]


def test_history_can_be_moved_back_and_squashed(vault: GitHubServer) -> None:
    first = head(vault)
    for name in "bc":
        vault.change("commit", repository="alice/vault", path=name)
    tree = ask(vault, "GET", f"{VAULT}/branches/main").data["commit"]["commit"]["tree"]
    vault.change("squash", repository="alice/vault")
    told = ask(vault, "GET", f"{VAULT}/branches/main").data["commit"]
    assert (told["parents"], told["commit"]["tree"]) == ([], tree)
    vault.change("commit", repository="alice/vault", path="c", content=None)
    vault.change("force-push", repository="alice/vault", steps=1)
    assert names(vault) == ["a.txt", "b", "c"]
    vault.change("force-push", repository="alice/vault", to=first)
    assert head(vault) == first


def test_push_protection_refuses_what_looks_like_a_secret(vault: GitHubServer) -> None:
    vault.change("push-protection")
    text = "this is ghp_FAKESECRET"
    row = {"path": "b", "mode": "100644", "type": "blob", "content": text}
    encoded = base64.b64encode(text.encode()).decode()
    for method, path, body in (
        ("POST", "/git/blobs", {"content": text}),
        ("POST", "/git/trees", {"tree": [row]}),
        ("PUT", "/contents/b", {"message": "m", "content": encoded}),
    ):
        answer = ask(vault, method, VAULT + path, body)
        assert answer.status == 409
        assert answer.data["metadata"]["secret_scanning"]["bypass_placeholders"][0]["placeholder_id"]
    vault.change("push-protection", on=False)
    assert ask(vault, "POST", f"{VAULT}/git/blobs", {"content": text}).status == 201


def test_every_request_is_written_down_without_secrets(vault: GitHubServer) -> None:
    ask(vault, "GET", f"{VAULT}/git/matching-refs/heads/?per_page=7")
    answer = ask(vault, "POST", f"{VAULT}/git/blobs", {"content": "private words"})
    ask(vault, "GET", ask(vault, "GET", f"{VAULT}/tarball").headers["Location"], by="-")
    log = ask(vault, "GET", "/_fake/log", by="-").data
    assert [(row["method"], row["path"].removeprefix(VAULT), row["status"], row["charged"]) for row in log[:3]] == [
        ("GET", "/git/matching-refs/heads/", 200, True),
        ("POST", "/git/blobs", 201, True),
        ("GET", "/tarball", 302, True),
    ]
    assert log[0]["query"] == {"per_page": "7"}
    assert (log[1]["request_bytes"], log[1]["response_bytes"]) == (28, len(answer.content))
    assert (log[3]["charged"], log[3]["query"]) == (False, {"token": "…"})
    text = json.dumps(log) + "".join(path.read_text() for path in vault.store.root.glob("state.json"))
    assert vault.token not in text and "private words" not in text
    ask(vault, "DELETE", "/_fake/log", by="-")
    assert vault.log() == []
