"""GitHub's API through PyGithub, with our own idea of retries, waiting, deadlines and errors.

PyGithub's own retries repeat a POST and sleep for up to an hour inside a call, so they are off.
Here a call ends within its deadline; a short wait that GitHub asks for is waited out exactly, a
long one becomes `Limited`, and what cannot be put right by repeating is told with its remedy.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from netto_tui.errors import Cancelled, Denied, Limited, NettoError, Unreachable
from netto_tui.replicas.base import TOKEN_DAYS, Meter
from netto_tui.replicas.deadline import CALL_SECONDS, within

if TYPE_CHECKING:
    from github.Requester import Requester

API = "https://api.github.com"

SOCKET_SECONDS = 60
"""How long one read of a connection may wait; writing a large tree takes GitHub over ten seconds."""

PATIENCE_SECONDS = 60.0
"""A wait that GitHub asks for is waited out within a call up to this; a longer one ends the pass."""

UNNAMED_WAIT_SECONDS = 60
"""What to wait where a secondary limit names no time: GitHub's documentation says at least a minute."""

BURST = 15
"""So many writes go at once; after them one a second, which stays below 80 a minute."""

ATTEMPTS = 3
"""How often a call that is harmless to repeat is tried."""

DAY_MS = 24 * 3600 * 1000

RENEW = (
    "Make a fine-grained token for this repository alone, with Contents: read and write and Metadata: read,"
    " then store it with: netto-tui init"
)


@dataclass(frozen=True)
class Answer:
    """What GitHub said: the status, the headers (lower case), and the JSON, None where there is none."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    data: Any = None

    @property
    def message(self) -> str:
        """GitHub's own words about a fault, on one line."""
        text = self.data.get("message", "") if isinstance(self.data, dict) else ""
        return " ".join(str(text).split())[:300]


class Hub:
    """One host of GitHub's API, for one holder of a token.

    token: asked for when the first call is made. now: milliseconds since 1970. clock_ms: GitHub's
    clock at the last answer.
    """

    def __init__(self, api_url: str, cancel: threading.Event, token: Callable[[], str], now: Callable[[], int]) -> None:
        self.api_url = (api_url or API).rstrip("/")
        self.place = urlsplit(self.api_url).hostname or self.api_url
        self.requests = 0
        self.clock_ms: int | None = None
        self._cancel = cancel
        self._token = token
        self._now = now
        self._client: Requester | None = None
        self._writes: deque[float] = deque(maxlen=BURST)
        self._meters: dict[str, Meter] = {}

    def meters(self) -> tuple[Meter, ...]:
        """The requests that are left this hour, and the days of the token, as last told."""
        return tuple(self._meters.values())

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        etag: str = "",
        expect: Collection[int] = (),
        again: bool = True,
    ) -> Answer:
        """One call of the API. expect: statuses beside success that the caller judges itself.

        path: begins with `/`. etag: of an earlier answer; 304 then says that it still holds.
        again: whether repeating does no harm; so for everything but moving a ref and making a
        repository. Raises Unreachable, Limited, Denied, Cancelled.
        """
        deadline = time.monotonic() + CALL_SECONDS
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            try:
                answer = self._once(method, path, body, etag, deadline)
            except Unreachable:
                if last or not again or time.monotonic() > deadline:
                    raise
                self._wait(0.5 * 4**attempt)
                continue
            if answer.status < 300 or answer.status in {304, *expect}:
                return answer
            error = self._fault(answer, method, path)
            wait = _short_wait(error, self._now(), deadline)
            if wait is not None and not last:
                self._wait(wait)
            elif answer.status >= 500 and again and not last:
                self._wait(0.5 * 4**attempt)
            else:
                raise error
        raise AssertionError("the last attempt ends with an answer or an error")

    def pages(self, path: str) -> Iterator[Answer]:
        """The answers of a listing, page by page, as its `Link` headers say. Raises as `ask`."""
        while path:
            answer = self.ask("GET", path)
            yield answer
            path = next_page(answer)

    def download(self, path: str, target: Path) -> bool:
        """Save what an address redirects to, such as an archive; False when GitHub has no such thing.

        The token stays here: what follows is fetched without it. Raises as `ask`.
        """
        answer = self.ask("GET", path, expect=(302, 404))
        location = answer.headers.get("location", "")
        if answer.status != 302 or not location.startswith(("https://", f"{self.api_url}/")):
            return False
        self.requests += 1

        def save() -> None:
            import requests

            with requests.get(location, stream=True, timeout=SOCKET_SECONDS) as reply, target.open("wb") as file:
                reply.raise_for_status()
                for part in reply.iter_content(2**20):
                    if self._cancel.is_set():
                        raise Cancelled(f"Stopped while reading from {self.place}.")
                    file.write(part)

        with self._reaching():
            within(10 * CALL_SECONDS, self._cancel, self.place, save)
        return True

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _once(self, method: str, path: str, body: Mapping[str, Any] | None, etag: str, deadline: float) -> Answer:
        """Send, and read the whole answer. Raises Unreachable, Cancelled, and Denied without a token."""
        if self._cancel.is_set():
            raise Cancelled(f"Stopped while talking to {self.place}.")
        client = self._client = self._client or self._connect()
        if method != "GET":
            self._pace()
        self.requests += 1
        headers = {"If-None-Match": etag} if etag else {}

        def send() -> tuple[int, Mapping[str, str], str]:
            return client.requestJson(method, path, headers=headers, input=body)

        with self._reaching():
            status, found, text = within(max(1.0, deadline - time.monotonic()), self._cancel, self.place, send)
        self._note(found)
        return Answer(status, found, _parse(text, status, self.place))

    def _connect(self) -> Requester:
        import logging

        from github import Auth, Github

        logging.getLogger("github.Requester").setLevel(logging.WARNING)  # below that it tells what it sends
        auth = Auth.Token(self._token())
        client = Github(
            base_url=self.api_url,
            auth=auth,
            retry=None,
            timeout=SOCKET_SECONDS,
            seconds_between_requests=0,
            seconds_between_writes=0,
            user_agent="netto-tui",
        )
        return client.requester

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Tell what the network refuses as Unreachable."""
        import requests

        try:
            yield
        except NettoError:
            raise
        except (requests.RequestException, OSError, RuntimeError, AssertionError, ValueError) as error:
            raise Unreachable(
                f"{self.place} could not be reached: {_reason(error)}.",
                remedy="Check the network, a proxy, and the address; it is tried again at the next sync.",
            ) from None  # the cause names addresses and headers

    def _pace(self) -> None:
        """Leave a second between writes once a burst of them went out."""
        if len(self._writes) == BURST:
            self._wait(self._writes[0] + BURST - time.monotonic())
        self._writes.append(time.monotonic())

    def _wait(self, seconds: float) -> None:
        if self._cancel.wait(max(0.0, seconds)):
            raise Cancelled(f"Stopped while waiting for {self.place}.")

    def _note(self, headers: Mapping[str, str]) -> None:
        """Remember what the headers say of time, of the quota, and of the token's end."""
        try:
            self.clock_ms = round(parsedate_to_datetime(headers["date"]).timestamp() * 1000)
        except (KeyError, ValueError):
            self.clock_ms = None
        try:
            left, limit = (int(headers[f"x-ratelimit-{name}"]) for name in ("remaining", "limit"))
            self._meters["requests"] = Meter("requests", left, limit, int(headers["x-ratelimit-reset"]) * 1000)
        except (KeyError, ValueError):
            pass
        if ends := _expiry_ms(headers.get("github-authentication-token-expiration", "")):
            self._meters["token"] = Meter(TOKEN_DAYS, max(0, (ends - self._now()) // DAY_MS), 0, ends)

    def _fault(self, answer: Answer, method: str, path: str) -> NettoError:
        """The error for a status that nobody expected."""
        status, words = answer.status, answer.message
        if status == 401:
            return Denied(f"{self.place} does not accept the token: {words or 'it is wrong or expired'}.", remedy=RENEW)
        if status in (403, 429) and (limit := _limit_ms(answer, self._now())):
            when = datetime.fromtimestamp(limit / 1000, UTC).strftime("%H:%M:%S UTC")
            return Limited(
                f"{self.place} asks to wait until {when}.", remedy="It is tried again then by itself.", until_ms=limit
            )
        if status == 403:
            needed = answer.headers.get("x-accepted-github-permissions", "").replace("_", " ")
            missing = f" It needs the permission {needed}." if needed else ""
            return Denied(f"{self.place} does not permit this: {words or 'forbidden'}.{missing}", remedy=RENEW)
        if status == 404:
            return Unreachable(f"{self.place} knows no {path.split('?')[0]}.", remedy="Check its name and the token.")
        if status >= 500:
            return Unreachable(f"{self.place} is in trouble (status {status}).", remedy="It is tried again later.")
        return Unreachable(
            f"{self.place} refused {method} {path.split('?')[0]} with status {status}: {words or 'it says no more'}.",
            remedy="Run netto-tui doctor.",
        )


def next_page(answer: Answer) -> str:
    """The path of the page after this one, "" when it is the last."""
    for part in answer.headers.get("link", "").split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            parts = urlsplit(address.strip().strip("<>"))
            return f"{parts.path}?{parts.query}"
    return ""


def _parse(text: str, status: int, place: str) -> Any:
    """The JSON of an answer. Raises Unreachable for a success that is none."""
    try:
        return json.loads(text) if text.strip() else None
    except (ValueError, RecursionError):
        if status >= 300:
            return None
        raise Unreachable(
            f"Something else answers in place of {place}, or only half of its answer came.",
            remedy="If this network has a login page, open it in a browser; then sync again.",
        ) from None


def _reason(error: BaseException) -> str:
    """What went wrong on the way, without addresses and headers."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    words = {
        "ConnectTimeout": "no answer",
        "ReadTimeout": "no answer in time",
        "SSLError": "its certificate is not good",
    }
    return words.get(type(error).__name__, type(error).__name__)


def _limit_ms(answer: Answer, now_ms: int) -> int:
    """Until when to wait, 0 when it is no limit that was met."""
    headers, words = answer.headers, answer.message.lower()
    if (after := headers.get("retry-after", "")).isdecimal():
        return now_ms + int(after) * 1000
    if headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-reset", "").isdecimal():
        return max(now_ms, int(headers["x-ratelimit-reset"]) * 1000)
    if answer.status == 429 or "rate limit" in words or "abuse" in words:
        return now_ms + UNNAMED_WAIT_SECONDS * 1000 + 1
    return 0


def _short_wait(error: NettoError, now_ms: int, deadline: float) -> float | None:
    """The seconds to wait within a call; None where that is not worth it."""
    if not isinstance(error, Limited):
        return None
    seconds = (error.until_ms - now_ms) / 1000
    return seconds if seconds <= PATIENCE_SECONDS and time.monotonic() + seconds < deadline else None


def _expiry_ms(text: str) -> int:
    """The header `2027-10-12 09:00:00 UTC` (or `+0200`) as milliseconds since 1970; 0 for anything else."""
    for form in ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S %z"):
        try:
            found = datetime.strptime(text, form)
        except ValueError:
            continue
        return round(found.replace(tzinfo=found.tzinfo or UTC).timestamp() * 1000)
    return 0
