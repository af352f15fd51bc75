"""What GitHub says: its answers, and the errors that some of them stand for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from netto_tui.errors import Denied, NettoError, Unreachable

RENEW = (
    "Make a fine-grained token for this repository alone, with Contents: read and write and Metadata: read,"
    " then store it with: netto-tui init"
)
LOGIN_PAGE = "If this network has a login page, open it in a browser; then sync again."

_SHA = re.compile(r"[0-9a-f]{40}")


class Disturbed(Unreachable):
    """Something went wrong on the way, or at GitHub for the moment: the same call may go well the next time."""


@dataclass(frozen=True)
class Answer:
    """What GitHub said: the status, the headers (lower case), and the JSON, None where there is none.

    found: what the caller made of the JSON, see github_client.Hub.ask.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    data: Any = field(default=None, repr=False)
    found: Any = field(default=None, repr=False)

    @property
    def message(self) -> str:
        """GitHub's own words about a fault, on one line, without the full stop."""
        text = self.data.get("message", "") if isinstance(self.data, dict) else ""
        return " ".join(str(text).split())[:300].rstrip(".")


def parse(text: str, status: int, place: str) -> Any:
    """The JSON of an answer; None for a fault that has none. Raises Disturbed for a success that has none."""
    try:
        return json.loads(text) if text.strip() else None
    except (ValueError, RecursionError):
        if status >= 300:
            return None
        raise Disturbed(
            f"Something else answers in place of {place}, or only half of its answer came.", remedy=LOGIN_PAGE
        ) from None


def sha_of(told: Mapping[str, Any]) -> str:
    """The name of an object, which its address repeats. Raises KeyError, TypeError or ValueError when it cannot be."""
    sha = told["sha"]
    if not _SHA.fullmatch(sha) or not str(told.get("url") or sha).endswith(sha):
        raise ValueError("a name of an object is damaged")
    return str(sha)


def next_page(answer: Answer, prefix: str) -> str:
    """The path of the page after this one, "" when it is the last; prefix: what each path begins with on this host."""
    for part in answer.headers.get("link", "").split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            parts = urlsplit(address.strip().strip("<>"))
            return f"{parts.path.removeprefix(prefix)}?{parts.query}"
    return ""


def clock_ms(headers: Mapping[str, str]) -> int | None:
    """GitHub's clock, in milliseconds since 1970."""
    try:
        return round(parsedate_to_datetime(headers["date"]).timestamp() * 1000)
    except (KeyError, ValueError, OverflowError):
        return None


def limit_seconds(answer: Answer, now_ms: int, unnamed: float) -> float | None:
    """How long GitHub asks to wait, None when it is no limit that was met.

    now_ms: our clock, where GitHub does not tell its own. unnamed: what to wait where it names no time.
    """
    headers, words = answer.headers, answer.message.lower()
    if answer.status not in (403, 429):
        return None
    if (after := headers.get("retry-after", "")).isdecimal():
        return float(after)
    if headers.get("x-ratelimit-remaining") == "0" and (reset := headers.get("x-ratelimit-reset", "")).isdecimal():
        return max(1.0, int(reset) - (clock_ms(headers) or now_ms) / 1000)
    return unnamed if answer.status == 429 or "rate limit" in words or "abuse" in words else None


def refusal(answer: Answer, method: str, path: str, place: str) -> NettoError:
    """The error for a status that nobody expected, limits apart."""
    status, words, path = answer.status, answer.message, path.partition("?")[0]
    if status == 401:
        return Denied(f"{place} does not accept the token: {words or 'it is wrong or expired'}.", remedy=RENEW)
    if status == 403:
        needed = answer.headers.get("x-accepted-github-permissions", "").replace("_", " ")
        missing = f" It needs the permission {needed}." if needed else ""
        return Denied(f"{place} does not permit this: {words or 'forbidden'}.{missing}", remedy=RENEW)
    if status == 404:
        return Unreachable(f"{place} knows no {path}.", remedy="Check its name and the token.")
    if status < 400:
        return Unreachable(
            f"{place} sends {method} {path} elsewhere (status {status}).",
            remedy=f"If the repository was renamed, write its new name into config.toml. {LOGIN_PAGE}",
        )
    if status >= 500:
        return Disturbed(f"{place} is in trouble (status {status}).", remedy="It is tried again later.")
    return Unreachable(
        f"{place} refused {method} {path} with status {status}: {words or 'it says no more'}.",
        remedy="Run netto-tui doctor.",
    )


def reason(error: BaseException) -> str:
    """What went wrong on the way, without addresses and headers."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    words = {
        "ChunkedEncodingError": "only half of its answer came",
        "ConnectionError": "the connection broke",
        "ConnectTimeout": "no answer",
        "ReadTimeout": "no answer in time",
        "RuntimeError": "it sends us elsewhere",
        "SSLError": "its certificate is not good",
    }
    return words.get(type(error).__name__, type(error).__name__)


def expiry_ms(text: str) -> int:
    """The header `2027-10-12 09:00:00 UTC` (or `+0200`) as milliseconds since 1970; 0 for anything else."""
    for form in ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S %z"):
        try:
            found = datetime.strptime(text, form)
        except ValueError:
            continue
        return round(found.replace(tzinfo=found.tzinfo or UTC).timestamp() * 1000)
    return 0
