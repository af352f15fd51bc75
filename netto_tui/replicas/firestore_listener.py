"""Hearing from Firestore that a replica changed: one stream about one document.

The library's own `on_snapshot` opens a broken stream again at once and without end, which takes a
whole processor while the network is away (python-firestore, google.api_core.bidi: "we do not
currently do any sort of backoff"). So the Listen call is made here, with pauses. Each time that the
stream begins costs one read.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from netto_tui.replicas.firestore_client import Connection
from netto_tui.replicas.firestore_documents import USER, Document, User, read_user

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Seconds until a stream that ended begins again: doubled each time, until one lasts for LASTING seconds."""

LASTING = 30.0

_TARGET = 1


class Listener:
    """A thread that calls `told` when the user document is news."""

    def __init__(
        self,
        connection: Connection,
        is_news: Callable[[User], bool],
        told: Callable[[], None],
        spend: Callable[[int, int], None],
    ) -> None:
        self._connection = connection
        self._is_news = is_news
        self._told = told
        self._spend = spend
        self._stopped = threading.Event()
        self._call: Any = None
        self._client, self._user = connection.stream()
        threading.Thread(target=self._run, name="netto-firestore-listen", daemon=True).start()

    def stop(self) -> None:
        """End it; returns at once."""
        self._stopped.set()
        if (call := self._call) is not None:
            call.cancel()

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopped.is_set():
            began = time.monotonic()
            with suppress(Exception):  # whatever it is, the poll tells of it; here only the pause matters
                self._listen()
            pause = FIRST_PAUSE if time.monotonic() - began > LASTING else min(2 * pause, LONGEST_PAUSE)
            self._stopped.wait(pause)

    def _listen(self) -> None:
        """Follow one stream to its end."""
        ended = threading.Event()
        self._connection.count_requests(1)
        self._call = self._client._firestore_api.listen(
            requests=self._requests(ended), metadata=self._client._rpc_metadata, retry=None
        )
        try:
            if self._stopped.is_set():
                return
            for response in self._call:
                if self._stopped.is_set():
                    break
                if response.target_change.target_change_type == 2:  # REMOVE: the server ended it
                    break
                if response.document_change.document.name:
                    self._spend(1, 0)
                    self._look(response.document_change.document)
                elif response.document_delete.document:
                    self._told()
        finally:
            ended.set()
            self._call.cancel()

    def _requests(self, ended: threading.Event) -> Iterator[Any]:
        """One request; gRPC waits for the next one on a thread of its own."""
        from google.cloud.firestore_v1.types import ListenRequest, Target

        document = Target.DocumentsTarget(documents=[self._user._document_path])
        yield ListenRequest(
            database=self._client._database_string, add_target=Target(documents=document, target_id=_TARGET)
        )
        ended.wait()

    def _look(self, document: Any) -> None:
        sequence, device = document.fields.get("sequence"), document.fields.get("device")
        fields = {
            "sequence": sequence.integer_value if sequence else 0,
            "device": device.string_value if device else "",
        }
        updated = document.update_time.timestamp_pb().ToNanoseconds()
        if self._is_news(read_user(Document(USER, fields, updated))):
            self._told()
