"""The server in a thread of this process."""

from __future__ import annotations

import logging
import secrets
import threading
from pathlib import Path
from typing import Any, Self

import msgspec
from waitress import create_server

from tests.servers.github.app import App
from tests.servers.github.store import Repository, Store, Token
from tests.servers.github.wire import Channel

OWNER = "alice"
THREADS = 24
_BODY_BYTES = 200_000_000


class GitHubServer:
    """GitHub on a port of 127.0.0.1; what it has lies below `root` and is there again next time.

    A user `alice` is there from the first start, `token` is hers.
    """

    def __init__(self, root: Path, port: int = 0) -> None:
        self.store = Store(root)
        self.app = App(self.store)
        self.token = self.add_user(OWNER)
        self._port = port
        self._sockets: dict[int, Any] = {}
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    def start(self) -> Self:
        """Listen. Raises OSError when the port is taken."""
        logging.getLogger("waitress").setLevel(logging.ERROR)  # truncated bodies and lost clients are meant
        self._server = create_server(
            self.app,
            map=self._sockets,
            host="127.0.0.1",
            port=self._port,
            threads=THREADS,
            ident="GitHub.com",
            channel_request_lookahead=1,
            connection_limit=500,
            max_request_body_size=_BODY_BYTES,
            asyncore_use_poll=True,
        )
        self._server.channel_class = Channel
        self._thread = threading.Thread(target=self._serve, name="github", daemon=True)
        self._thread.start()
        return self

    @property
    def url(self) -> str:
        """The base address, for PyGithub's `base_url`."""
        return f"http://127.0.0.1:{self._server.effective_port}"

    def add_user(self, login: str) -> str:
        """A user and a token that may do everything for them; the same one each time."""
        self.store.add_account(login)
        token = f"token-of-{login}"
        if self.store.token(token) is None:
            self.store.set_token(token, Token(login))
        return token

    def add_organization(self, login: str, members: list[str]) -> None:
        """An organisation whose members may write to its repositories."""
        self.store.add_account(login, "Organization", members)

    def add_token(self, login: str, **rights: Any) -> str:
        """Another token of a user; rights are the fields of Token."""
        token = f"token-{secrets.token_hex(8)}"
        self.store.set_token(token, Token(login, **rights))
        return token

    def create_repository(self, name: str, *, private: bool = True, owner: str = OWNER) -> Repository:
        """An empty repository."""
        return self.store.create_repository(owner, name, "private" if private else "public")

    def directory(self, full_name: str) -> Path:
        """Where the bare Git repository lies."""
        found = self.store.find(*full_name.partition("/")[::2])
        assert found is not None, full_name
        return self.store.objects(found).path

    def faults(self, *rules: dict[str, Any]) -> None:
        """Let the next requests go wrong; see faults.Fault."""
        self.app.control.add_faults(list(rules))

    def clear_faults(self) -> None:
        """Let nothing go wrong."""
        self.app.faults.clear()

    def change(self, action: str, **fields: Any) -> Any:
        """Change something behind the back of all clients; see changes.CHANGES."""
        return self.app.control.change({"action": action, **fields}, self.url)

    def log(self) -> list[dict[str, Any]]:
        """Every request since the start or since `clear_log`."""
        return [msgspec.to_builtins(entry) for entry in self.app.log.entries()]

    def clear_log(self) -> None:
        """Forget the log."""
        self.app.log.clear()

    def close(self) -> None:
        """Stop; requests that are held end without an answer."""
        self.app.closing.set()
        if self._thread:
            self._stopped.set()
            self._server.pull_trigger()  # wakes the loop; sockets close only after all who may pull it are done
            self._thread.join()
            self._thread = None
            self._server.task_dispatcher.shutdown()
            self._server.asyncore.close_all(self._sockets)
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            self._server.asyncore.loop(timeout=30, use_poll=True, map=self._sockets, count=1)
