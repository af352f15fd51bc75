"""One writer at a time, among the threads of this process and among processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from netto_tui.errors import Busy, VaultError

LOCK_SECONDS = 30
"""How long to wait for another process that is writing."""


class VaultLock:
    """A lock on a vault that its holder may take again. The kernel frees it when its holder dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()
        self._turn = threading.Lock()
        self._holder = 0
        self._processes = FileLock(path, timeout=LOCK_SECONDS, thread_local=False, mode=0o600)

    @contextmanager
    def held(self, on_taken: Callable[[], None]) -> Iterator[None]:
        """Hold the lock; on_taken is called first when it was not held before.

        Raises Busy after LOCK_SECONDS, and VaultError where the vault's folder went away.
        """
        if self._holder == threading.get_ident():
            yield
            return
        with self._turn:  # whoever lets go and wants it again stands behind those who wait
            self._threads.acquire()
        try:
            self._acquire()
            try:
                self._holder = threading.get_ident()
                on_taken()
                yield
            finally:
                self._holder = 0
                self._processes.release()
        finally:
            self._threads.release()

    def _acquire(self) -> None:
        if not self._path.parent.is_dir():  # it would be made, in what may be an empty mount point
            raise VaultError(
                f"The vault in {self._path.parent.parent} is gone.",
                remedy="Connect or mount its disk; if it is lost, restore it from a replica.",
            )
        try:
            self._processes.acquire(poll_interval=0.005)
        except Timeout as error:
            raise Busy(
                f"Another process has been writing to {self._path.parent.parent} for {LOCK_SECONDS} s.",
                remedy="Wait for it, or stop it, then try again.",
            ) from error
