"""GitHub's API through PyGithub, with our own idea of retries, waiting, deadlines and errors.

PyGithub's own retries repeat a POST and sleep for up to an hour inside a call, so they are off.
Here a call ends within its deadline; a short wait that GitHub asks for is waited out exactly, a
long one becomes `Limited`, and what cannot be put right by repeating is told with its remedy.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from netto_tui.errors import Cancelled, Limited, NettoError
from netto_tui.replicas.base import TOKEN_DAYS, Meter
from netto_tui.replicas.deadline import CALL_SECONDS, within
from netto_tui.replicas.github_answers import (
    Answer,
    Disturbed,
    clock_ms,
    expiry_ms,
    limit_seconds,
    next_page,
    parse,
    reason,
    refusal,
)

if TYPE_CHECKING:
    from github.Requester import Requester

__all__ = ["API", "Answer", "Hub"]

API = "https://api.github.com"

SOCKET_SECONDS = 60
"""How long one read of a connection may wait; writing a large tree takes GitHub over ten seconds."""

DOWNLOAD_SECONDS = 1200.0
"""How long an archive may take in all."""

PATIENCE_SECONDS = 45.0
"""A wait that GitHub asks for is waited out within a call up to this; a longer one ends the pass."""

UNNAMED_SECONDS = 60.0
UNNAMED_LIMIT = 3600.0
"""What to wait where a secondary limit names no time, doubling up to the second number.

GitHub's documentation says at least a minute, and longer each time.
"""

BURST = 15
"""So many writes go at once; after them one a second, which stays below 80 a minute."""

ATTEMPTS = 3
"""How often a call that is harmless to repeat is tried."""

FIRST_PAUSE_SECONDS = 0.5
"""What lies between the first two attempts; four times as much before the third."""

DAY_MS = 24 * 3600 * 1000

T = TypeVar("T")


class Hub:
    """One host of GitHub's API, for one holder of a token.

    token: asked for when the first call is made, and again after it was refused. now: milliseconds
    since 1970. clock_ms: GitHub's clock at the last answer.
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
        self._closed = (0, 0)
        self._unnamed_limits = 0

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
        reads: Callable[[Any], Any] | None = None,
    ) -> Answer:
        """One call of the API. expect: statuses beside success that the caller judges itself.

        path: begins with `/`. etag: of an earlier answer; 304 then says that it still holds. again:
        whether repeating does no harm. reads: makes the answer's `found` of the JSON of a success, and
        raises AttributeError, KeyError, TypeError or ValueError for half of one. Raises Unreachable,
        Limited, Denied, Cancelled.
        """

        def call(deadline: float) -> Answer:
            answer = self._once(method, path, body, etag, deadline)
            if (limit := self._limit(answer)) is not None:
                raise limit
            if answer.status in expect or answer.status == 304:
                return answer
            if answer.status >= 300:
                raise refusal(answer, method, path, self.place)
            self._unnamed_limits = 0
            return self._understood(answer, reads)

        return self._repeat(call, CALL_SECONDS, again)

    def pages(self, answer: Answer, reads: Callable[[Any], Any]) -> Iterator[Answer]:
        """An answer, and the pages after it as their `Link` headers say. Raises as `ask`."""
        yield answer
        while path := next_page(answer, urlsplit(self.api_url).path):
            answer = self.ask("GET", path, reads=reads)
            yield answer

    def download(self, path: str, target: Path) -> bool:
        """Save what an address redirects to, such as an archive; False when GitHub has no such thing.

        The token stays here: what follows is fetched without it. Raises as `ask`.
        """

        def call(deadline: float) -> bool:
            answer = self.ask("GET", path, expect=(302, 404, 409), again=False)
            location = answer.headers.get("location", "")
            if answer.status != 302 or not location.startswith(("https://", f"{self.api_url}/")):
                return False
            self.requests += 1
            with self._reaching():
                within(deadline - time.monotonic(), self._cancel, self.place, lambda: self._save(location, target))
            return True

        return self._repeat(call, DOWNLOAD_SECONDS, again=True)

    def check_cancel(self) -> None:
        """Raise Cancelled once somebody asked to stop."""
        if self._cancel.is_set():
            raise Cancelled(f"Stopped while talking to {self.place}.")

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _repeat(self, call: Callable[[float], T], seconds: float, again: bool) -> T:
        """What a call gives, made again where that may help; it takes its deadline, and ends by then."""
        since, until = self._closed
        if since <= self._now() < until:
            raise self._limited(until)
        deadline = time.monotonic() + seconds
        for attempt in range(ATTEMPTS):
            try:
                return call(deadline)
            except Limited as error:
                pause = (error.until_ms - self._now()) / 1000
                if attempt == ATTEMPTS - 1 or pause > min(PATIENCE_SECONDS, deadline - time.monotonic()):
                    self._closed = (self._now(), error.until_ms)
                    raise
                self.wait(pause)
            except Disturbed:
                if not again or attempt == ATTEMPTS - 1 or time.monotonic() > deadline:
                    raise
                self.pause(attempt)
        raise AssertionError("the last attempt ends with an answer or an error")

    def _once(self, method: str, path: str, body: Mapping[str, Any] | None, etag: str, deadline: float) -> Answer:
        """Send, and read the whole answer. Raises Unreachable, Cancelled, and Denied without a token."""
        self.check_cancel()
        client = self._client = self._client or self._connect()
        if method != "GET":
            self._pace()
        self.requests += 1
        headers = {"If-None-Match": etag} if etag else {}

        def send() -> tuple[int, Mapping[str, str], str]:
            return client.requestJson(method, path, headers=headers, input=body)

        with self._reaching():
            try:
                status, told, text = within(deadline - time.monotonic(), self._cancel, self.place, send)
            except NettoError:
                self._client = None  # the call is left behind, and what it uses may still be in use
                raise
        self._note(told)
        if status == 401:
            self.close()  # a new token may be there for the next call
        return Answer(status, told, parse(text, status, self.place))

    def _understood(self, answer: Answer, reads: Callable[[Any], Any] | None) -> Answer:
        """The answer with what it says."""
        if reads is None:
            return answer
        try:
            return replace(answer, found=reads(answer.data))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise Disturbed(
                f"The answer from {self.place} is damaged, or lacks what it should say.",
                remedy="It is tried again at the next sync.",
            ) from None

    def _connect(self) -> Requester:
        import logging

        from github import Auth, Github

        for name in ("github.Requester", "urllib3"):
            logging.getLogger(name).setLevel(logging.WARNING)  # below that they tell what is sent, and where to
        client = Github(
            base_url=self.api_url,
            auth=Auth.Token(self._token()),
            retry=None,
            timeout=SOCKET_SECONDS,
            seconds_between_requests=0,
            seconds_between_writes=0,
            user_agent="netto-tui",
        )
        return client.requester

    def _save(self, location: str, target: Path) -> None:
        """Stream what lies at an address into a file."""
        import requests

        with requests.get(location, stream=True, timeout=SOCKET_SECONDS) as reply, target.open("wb") as file:
            reply.raise_for_status()
            for part in reply.iter_content(2**20):
                self.check_cancel()
                file.write(part)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Tell what the network refuses as Disturbed."""
        import requests

        try:
            yield
        except NettoError:
            raise
        except (requests.RequestException, OSError, RuntimeError, AssertionError, ValueError) as error:
            raise Disturbed(
                f"{self.place} could not be reached: {reason(error)}.",
                remedy="Check the network, a proxy, and the address; it is tried again at the next sync.",
            ) from None  # the cause names addresses and headers

    def _pace(self) -> None:
        """Leave a second between writes once a burst of them went out."""
        if len(self._writes) == BURST:
            self.wait(self._writes[0] + BURST - time.monotonic())
        self._writes.append(time.monotonic())

    def pause(self, attempt: int) -> None:
        """What lies between an attempt, counted from 0, and the next one. Raises Cancelled."""
        self.wait(FIRST_PAUSE_SECONDS * 4**attempt)

    def wait(self, seconds: float) -> None:
        """Wait so many seconds. Raises Cancelled once somebody asked to stop."""
        if self._cancel.wait(max(0.0, seconds)):
            raise Cancelled(f"Stopped while waiting for {self.place}.")

    def _note(self, headers: Mapping[str, str]) -> None:
        """Remember what the headers say of time, of the quota, and of the token's end."""
        self.clock_ms = clock_ms(headers)
        try:
            left, limit = (int(headers[f"x-ratelimit-{name}"]) for name in ("remaining", "limit"))
            self._meters["requests"] = Meter("requests", left, limit, int(headers["x-ratelimit-reset"]) * 1000)
        except (KeyError, ValueError):
            pass
        if ends := expiry_ms(headers.get("github-authentication-token-expiration", "")):
            self._meters["token"] = Meter(TOKEN_DAYS, max(0, (ends - self._now()) // DAY_MS), 0, ends)

    def _limit(self, answer: Answer) -> Limited | None:
        """The error of an answer that asks to wait."""
        unnamed = min(UNNAMED_SECONDS * 2**self._unnamed_limits, UNNAMED_LIMIT)
        seconds = limit_seconds(answer, self._now(), unnamed)
        if seconds is None:
            return None
        self._unnamed_limits += seconds == unnamed
        return self._limited(self._now() + round(seconds * 1000))

    def _limited(self, until_ms: int) -> Limited:
        when = datetime.fromtimestamp(until_ms / 1000, UTC).strftime("%H:%M:%S UTC")
        return Limited(
            f"{self.place} asks to wait until {when}.", remedy="It is tried again then by itself.", until_ms=until_ms
        )
