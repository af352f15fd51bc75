"""The calls of GitHub's API: pacing, pages, limits, and what answers say."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netto_tui.errors import Cancelled, Denied, Limited, Unreachable
from netto_tui.replicas import github_client
from netto_tui.replicas.github_answers import (
    Answer,
    clock_ms,
    expiry_ms,
    limit_seconds,
    next_page,
    parse,
    refusal,
    sha_of,
)
from netto_tui.replicas.github_client import Hub
from tests.contract.github_places import server
from tests.servers.github import GitHubServer

NOW = 1_800_000_000_000
_names = itertools.count(1)


@pytest.fixture(autouse=True)
def pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """The burst is as it is outside the tests, whatever a test of the same process set before."""
    monkeypatch.setattr(github_client, "BURST", 15)


@pytest.fixture
def served() -> Iterator[GitHubServer]:
    found = server()
    found.change("rate", limit=10**9, remaining=10**9)
    yield found
    found.clear_faults()


@pytest.fixture(params=["", "/api/v3"])
def hub(served: GitHubServer, request: pytest.FixtureRequest) -> Iterator[Hub]:
    """A client of a server at the top of its host, and of one below a path, as GitHub Enterprise has it."""
    made = Hub(served.url + request.param, threading.Event(), lambda: served.token, lambda: NOW)
    yield made
    made.close()


def test_pages_of_a_listing_are_all_read(served: GitHubServer, hub: Hub) -> None:
    path = f"/repos/{served.create_repository(f'paged-{next(_names)}').full_name}"
    shas = []
    for number in range(5):
        body = {"message": f"Number {number}", "content": "", "branch": "main"}
        answer = hub.ask("PUT", f"{path}/contents/{number}.txt", body, reads=lambda told: sha_of(told["commit"]))
        shas.append(answer.found)
    first = hub.ask("GET", f"{path}/commits?per_page=2", reads=lambda told: [one["sha"] for one in told])
    pages = list(hub.pages(first, lambda told: [one["sha"] for one in told]))
    assert [len(page.found) for page in pages] == [2, 2, 1]
    assert [sha for page in pages for sha in page.found] == shas[::-1]


@pytest.mark.parametrize("prefix", ["", "/api/v3"])
def test_the_next_page_is_a_path_below_the_address_of_the_api(prefix: str) -> None:
    link = (
        f'<https://host{prefix}/x?page=1>; rel="prev", <https://host{prefix}/repositories/7/x?a=b&page=3>; rel="next"'
    )
    assert next_page(Answer(200, {"link": link}), prefix) == "/repositories/7/x?a=b&page=3"
    assert next_page(Answer(200, {}), prefix) == ""


def test_a_burst_of_writes_goes_at_once_and_the_rest_one_a_second(
    served: GitHubServer, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    waits: list[float] = []

    def wait(_hub: Hub, seconds: float) -> None:
        waits.append(max(0.0, seconds))
        clock[0] += waits[-1]

    monkeypatch.setattr(Hub, "wait", wait)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    path = f"/repos/{served.create_repository(f'paced-{next(_names)}').full_name}"
    hub.ask("PUT", f"{path}/contents/a", {"message": "a", "content": "", "branch": "main"})
    for number in range(60):
        hub.ask("POST", f"{path}/git/blobs", {"content": str(number), "encoding": "utf-8"})
        hub.ask("GET", path)
    assert len(waits) == 61 - github_client.BURST  # the first ones are not waited for, and reading is not either
    assert 61 - 2 * github_client.BURST <= clock[0] <= 61


def test_waiting_for_the_next_write_can_be_stopped(served: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    cancel = threading.Event()
    hub = Hub(served.url, cancel, lambda: served.token, lambda: NOW)
    hub._writes.extend([10.0**9] * github_client.BURST)
    cancel.set()
    with pytest.raises(Cancelled):
        hub.ask("POST", "/user/repos", {"name": "never"})
    assert hub.requests == 0


@pytest.mark.parametrize(
    ("status", "headers", "message", "seconds"),
    [
        (403, {"retry-after": "17"}, "", 17),
        (429, {"retry-after": "0"}, "", 0),
        (429, {}, "", 60),
        (403, {}, "You have exceeded a secondary rate limit", 60),
        (403, {}, "You have triggered an abuse detection mechanism", 60),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW // 1000 + 90)}, "", 90),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW // 1000 - 90)}, "", 1),
        (403, {"x-ratelimit-remaining": "5"}, "Resource not accessible by personal access token", None),
        (404, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW // 1000)}, "", None),
        (502, {"retry-after": "17"}, "", None),
    ],
)
def test_how_long_an_answer_asks_to_wait(
    status: int, headers: dict[str, str], message: str, seconds: float | None
) -> None:
    assert limit_seconds(Answer(status, headers, {"message": message}), NOW, 60) == seconds


def test_a_quota_is_full_again_by_githubs_own_clock() -> None:
    headers = {
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "1800003600",
        "date": "Fri, 15 Jan 2027 08:00:00 GMT",
    }
    assert clock_ms(headers) == NOW
    assert limit_seconds(Answer(403, headers), NOW + 10**9, 60) == 3600


def test_a_limit_closes_the_host_until_it_is_over_and_no_longer(
    served: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [NOW]
    hub = Hub(served.url, threading.Event(), lambda: served.token, lambda: now[0])
    served.faults({"match": "GET /user", "kind": "status", "code": 429, "retry_after": 600})
    for _ in range(3):
        with pytest.raises(Limited) as error:
            hub.ask("GET", "/user")
        assert error.value.until_ms == NOW + 600_000
        now[0] += 100_000
    assert hub.requests == 1
    now[0] = NOW + 600_000
    assert hub.ask("GET", "/user").status == 200
    hub.close()


def test_a_clock_that_is_set_back_does_not_keep_the_host_closed(served: GitHubServer) -> None:
    now = [NOW]
    hub = Hub(served.url, threading.Event(), lambda: served.token, lambda: now[0])
    served.faults({"match": "GET /user", "kind": "status", "code": 429, "retry_after": 600})
    with pytest.raises(Limited):
        hub.ask("GET", "/user")
    now[0] = NOW - 10**9
    assert hub.ask("GET", "/user").status == 200
    hub.close()


@pytest.mark.parametrize("name", ["token\nwith a break", "tok en"])
def test_a_text_that_is_no_token_is_denied_without_being_told(
    served: GitHubServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from netto_tui.security.credentials import github_token

    monkeypatch.setenv("NETTO_GITHUB_TOKEN", name)
    hub = Hub(served.url, threading.Event(), lambda: github_token("", "a/b"), lambda: NOW)
    with pytest.raises(Denied) as error:
        hub.ask("GET", "/user")
    assert name not in str(error.value)


@pytest.mark.parametrize("location", ["http://elsewhere.example/x", "file:///etc/passwd", ""])
def test_an_archive_is_fetched_over_a_safe_way_only(
    served: GitHubServer, hub: Hub, tmp_path: Path, location: str
) -> None:
    path = f"/repos/{served.create_repository(f'archive-{next(_names)}').full_name}"
    served.faults({"match": f"GET {path}/tarball/x", "kind": "status", "code": 302, "headers": {"Location": location}})
    assert hub.download(f"{path}/tarball/x", tmp_path / "x") is False
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2027-01-15 08:00:00 UTC", NOW),
        ("2027-01-15 10:00:00 +0200", NOW),
        ("", 0),
        ("soon", 0),
    ],
)
def test_the_end_of_a_token_is_read_in_both_forms(text: str, ms: int) -> None:
    assert expiry_ms(text) == ms


@given(st.integers(100, 599), st.text(), st.dictionaries(st.text(), st.text()))
def test_every_status_has_an_error_that_says_what_to_do(status: int, words: str, headers: dict[str, str]) -> None:
    error = refusal(Answer(status, headers, {"message": words}), "GET", "/repos/a/b?x=1", "host")
    assert error.message.endswith(".") and error.remedy
    assert "x=1" not in error.message
    assert "\n" not in error.message


@given(st.text())
def test_what_is_no_json_is_no_success(text: str) -> None:
    assert parse(text, 500, "host") is None or text.strip()
    try:
        parse(text, 200, "host")
    except Unreachable as error:
        assert error.remedy


@given(st.from_regex(r"[0-9a-f]{40}", fullmatch=True), st.integers(0, 39), st.sampled_from("0123456789abcdefgh"))
def test_a_name_is_taken_only_when_its_address_says_the_same(sha: str, at: int, letter: str) -> None:
    url = f"https://host/repos/a/b/git/trees/{sha}"
    assert sha_of({"sha": sha}) == sha_of({"sha": sha, "url": url}) == sha
    other = sha[:at] + letter + sha[at + 1 :]
    if other != sha:
        with pytest.raises(ValueError, match="damaged"):
            sha_of({"sha": other, "url": url})
