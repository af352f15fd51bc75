"""How many requests each user has left this hour."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from tests.servers.github.exchange import Answer, Call, Json, Problem
from tests.servers.github.store import Store

WINDOW_SECONDS = 3600
LIMIT = 5000
ANONYMOUS_LIMIT = 60


@dataclass
class Count:
    """The quota of one user; `reset` is in seconds since 1970."""

    limit: int
    reset: int
    used: int = 0

    @property
    def remaining(self) -> int:
        """Requests left."""
        return max(self.limit - self.used, 0)

    def headers(self) -> dict[str, str]:
        """What every answer tells of it."""
        values = {"Limit": self.limit, "Remaining": self.remaining, "Used": self.used, "Reset": self.reset}
        return {"X-RateLimit-Resource": "core"} | {f"X-RateLimit-{name}": str(value) for name, value in values.items()}

    def form(self) -> Json:
        """The same as `/rate_limit` tells it."""
        return {"limit": self.limit, "used": self.used, "remaining": self.remaining, "reset": self.reset}


class Quotas:
    """The quotas of all users; they begin anew with each start of the server."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._counts: dict[str, Count] = {}

    def of(self, login: str | None) -> Count:
        """The quota of a user, None for callers without a token, in the hour that runs now."""
        with self._lock:
            now = self._store.now()
            found = self._counts.get(login or "")
            if found is None or found.reset <= now:
                limit = found.limit if found else LIMIT if login else ANONYMOUS_LIMIT
                found = self._counts[login or ""] = Count(limit, int(now) + WINDOW_SECONDS)
            return found

    def spent(self, login: str | None, seconds: float) -> Count:
        """What the count of a user were if nothing was left for so many seconds."""
        found = self.of(login)
        return Count(found.limit, int(self._store.now() + seconds), found.limit)

    def charge(self, login: str | None) -> None:
        """Count one request."""
        found = self.of(login)
        with self._lock:
            found.used += 1

    def set(self, login: str | None, limit: int | None, remaining: int | None, reset_in: float | None) -> None:
        """Change the numbers of a user."""
        found = self.of(login)
        with self._lock:
            found.limit = found.limit if limit is None else limit
            found.used = found.used if remaining is None else found.limit - remaining
            found.reset = found.reset if reset_in is None else int(self._store.now() + reset_in)


def exhausted(call: Call, status: int = 403, count: Count | None = None) -> Problem:
    """The answer when nothing is left, with the headers of a made-up count."""
    who = f"user ID {call.account.id}" if call.account else "127.0.0.1"
    return Problem(status, f"API rate limit exceeded for {who}.", count.headers() if count else None)


def read_rate_limit(count: Count) -> Answer:
    """The body of `/rate_limit`; asking costs nothing."""
    return Answer.of({"resources": {name: count.form() for name in ("core", "graphql")}, "rate": count.form()})
