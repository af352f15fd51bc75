"""What goes wrong on demand. A rule meets the next requests whose `METHOD path` it matches."""

from __future__ import annotations

import json
import re
import threading
from typing import Any, Literal

import msgspec

from tests.servers.github.exchange import Answer, Problem

Kind = Literal[
    "status",
    "quota",
    "html",
    "timeout-before",
    "timeout-after",
    "reset",
    "blackhole",
    "garbage",
    "truncated-body",
    "flipped-byte",
    "drip",
    "stale",
    "truncated-tree",
    "change",
]

SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)
READY: dict[str, tuple[int, str]] = {
    "bad-credentials": (401, "Bad credentials"),
    "scope": (403, "Resource not accessible by personal access token"),
    "secondary": (403, SECONDARY),
    "not-found": (404, "Not Found"),
    "conflict": (409, "Conflict"),
    "empty": (409, "Git Repository is empty."),
    "push-protection": (409, "Repository rule violations found\n\nSecret detected in content\n\n"),
    "unprocessable": (422, "Validation Failed"),
    "not-fast-forward": (422, "Update is not a fast forward"),
    "unavailable": (502, "Server Error"),
}
"""Ready-made bodies by name, with the status they usually come with."""

_BY_STATUS = {401: "bad-credentials", 403: "scope", 404: "not-found", 409: "conflict", 422: "unprocessable"}
_PORTAL = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Welcome to the lobby network.</body></html>"
_NEVER = 1e9


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """One rule. Matched whole against `METHOD /decoded/path`, without the query.

    times: how many requests it meets, None for all to come; skip: how many it lets pass first.
    after: the request is processed, and then the answer is lost (status, reset, blackhole, garbage).
    status: `code` with `body`, or with one of READY by name; retry_after in seconds; headers.
    quota: nothing is left for `seconds`. timeout-*, blackhole: held for `seconds`, or until the client has gone.
    truncated-body: only `keep` bytes, else half. flipped-byte: the one at `at`, else in the middle.
    drip: one byte each `seconds`. stale: refs are told as each was before its last change.
    change: `change`, in the form of POST /_fake/state, happens right before the request is processed.
    """

    match: str
    kind: Kind
    times: int | None = 1
    skip: int = 0
    after: bool = False
    code: int = 0
    ready: str = ""
    body: Any = None
    headers: dict[str, str] = {}
    retry_after: int | None = None
    seconds: float | None = None
    keep: int | None = None
    at: int | None = None
    change: dict[str, Any] = {}

    @property
    def unprocessed(self) -> bool:
        """Whether the request never reaches the service, and nothing is answered."""
        return self.kind == "timeout-before" or (not self.after and self.kind in ("reset", "blackhole", "garbage"))

    @property
    def instead(self) -> bool:
        """Whether a made-up answer takes the place of the true one."""
        return self.kind in ("status", "html", "quota")

    def answer(self) -> Answer:
        """The made-up answer, but for the quota's."""
        if self.kind == "html":
            return Answer(self.code or 200, _PORTAL, {"Content-Type": "text/html; charset=utf-8"} | self.headers)
        name = self.ready or ("secondary" if self.retry_after is not None else _BY_STATUS.get(self.code, ""))
        status, message = READY.get(name or ("secondary" if self.code == 429 else "unavailable"), READY["unavailable"])
        answer = Problem(self.code or status, message).answer()
        if self.body is not None:
            answer.body = self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()
        if self.retry_after is not None:
            answer.headers["Retry-After"] = str(self.retry_after)
        answer.headers |= self.headers
        return answer

    def wait(self, default: float = _NEVER) -> float:
        """How long to hold, in seconds."""
        return default if self.seconds is None else self.seconds


class Faults:
    """The rules that are not used up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []

    def add(self, rules: list[Fault]) -> None:
        """Add rules behind those that are there. Raises Problem 400 for a pattern or name that cannot be."""
        for rule in rules:
            try:
                re.compile(rule.match)
            except re.error as error:
                raise Problem(400, f"{rule.match} is no regular expression: {error}") from error
            if rule.ready and rule.ready not in READY:
                raise Problem(400, f"{rule.ready} is none of {', '.join(READY)}")
        with self._lock:
            self._rules += rules

    def pending(self) -> list[Fault]:
        """The rules."""
        with self._lock:
            return list(self._rules)

    def clear(self) -> None:
        """Let nothing go wrong."""
        with self._lock:
            self._rules.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The first rule for a request; each use counts."""
        with self._lock:
            for rule in self._rules:
                if not re.fullmatch(rule.match, f"{method} {path}", re.DOTALL):
                    continue
                if rule.skip:
                    rule.skip -= 1
                    continue
                if rule.times is not None:
                    rule.times -= 1
                    if rule.times <= 0:
                        self._rules.remove(rule)
                return rule
        return None
