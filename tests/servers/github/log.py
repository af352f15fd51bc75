"""Every request in order: what was asked, what was answered, how many bytes, charged or not. No token, no content."""

from __future__ import annotations

import threading

import msgspec

from tests.servers.github.exchange import Request
from tests.servers.github.faults import Fault


class Entry(msgspec.Struct):
    """One request. `status` is 0 when nothing was answered; bytes are those of the bodies."""

    method: str
    path: str
    query: dict[str, str]
    status: int
    request_bytes: int
    response_bytes: int
    charged: bool
    fault: str | None

    @classmethod
    def of(cls, request: Request, fault: Fault | None) -> Entry:
        """The entry of a request that is not answered yet."""
        query = {name: "…" if name == "token" else value for name, value in request.query.items()}
        return cls(request.method, request.path, query, 0, len(request.body), 0, False, fault.kind if fault else None)


class Log:
    """The entries. One is there before the client has the answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Add one."""
        with self._lock:
            self._entries.append(entry)

    def entries(self) -> list[Entry]:
        """All of them."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._entries.clear()
