"""Blobs in Firestore: sealed bytes in chunks, and a document that counts them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType

from netto_tui.errors import InvalidRecord
from netto_tui.replicas.base import Corrupt
from netto_tui.replicas.firestore_client import Connection
from netto_tui.replicas.firestore_documents import BLOBS, Document, Path, Put, blob_name, blob_puts, is_name
from netto_tui.security.envelope import UNSEALED, Envelope, is_unsealed

LONGEST = 10_000
"""More chunks than this are not believed."""


class Blobs:
    """The blobs of one replica."""

    def __init__(self, connection: Connection, envelope: Envelope) -> None:
        self._connection = connection
        self._envelope = envelope

    def read(self, sha256: str) -> bytes | None:
        """A blob's bytes; None when it is not there. Raises InvalidRecord when they are not its own."""
        path = (*BLOBS, blob_name(self._envelope, sha256))
        there = self._connection.get([path, (*path, "chunks", "0")])  # most blobs are no longer
        if path in there:
            return self._content(there[path], there)
        return self._uncounted(path) if there else None

    def puts(self, blobs: Mapping[str, bytes]) -> dict[str, list[Put]]:
        """What has to be written so that these are there; those that are already are left out."""
        names = {sha256: blob_name(self._envelope, sha256) for sha256 in blobs}
        there = self._connection.get((*BLOBS, name) for name in names.values())
        found = {}
        for sha256, content in blobs.items():
            document = there.get((*BLOBS, names[sha256]))
            if document is None or not self._holds(document, content):
                puts = blob_puts(names[sha256], self._envelope.seal_blob(content))
                found[sha256] = [Put(put.path, put.fields, "replace") for put in puts] if document else list(puts)
        return found

    def whole(self, paths: Iterable[Path]) -> set[Path]:
        """Those of some blobs that are there in full, maybe sealed in other bytes than now."""
        found = set()
        for path, document in self._connection.get(paths).items():
            with suppress(InvalidRecord):
                self._content(document)
                found.add(path)
        return found

    def check(self) -> Iterator[Corrupt]:
        """Every blob that is not what it should be, and what lies among them without being one."""
        for page in self._connection.everything(BLOBS):
            for document in page:
                self._connection.begin()
                where = "/".join(document.path)
                if not document.updated:
                    reason = "There are chunks without the blob that counts them; they are taken up when it is written."
                    yield Corrupt(where, b"", reason, foreign=self._uncounted(document.path) is None)
                    continue
                try:
                    self._content(document)
                except InvalidRecord as error:
                    yield Corrupt(where, b"", error.message, foreign=not is_name(document.path[-1]))

    def _uncounted(self, path: Path) -> bytes | None:
        """The bytes of a blob that lost the document with its size, or None as its writing was not finished."""
        pages = self._connection.pages((*path, "chunks"))
        chunks = {document.path: document for page in pages for document in page}
        size = sum(len(document.fields.get("data", b"")) for document in chunks.values())
        try:
            return self._content(Document(path, {"size": size, "chunks": len(chunks)}, 0), chunks)
        except InvalidRecord:
            return None

    def _holds(self, document: Document, content: bytes) -> bool:
        try:
            return self._content(document) == content
        except InvalidRecord:
            return False

    def _content(self, document: Document, there: Mapping[Path, Document] = MappingProxyType({})) -> bytes:
        """The bytes of a blob; there: documents that were read already."""
        size, chunks = document.fields.get("size"), document.fields.get("chunks")
        if type(size) is not int or type(chunks) is not int or not 0 <= chunks <= LONGEST:
            raise InvalidRecord("The document of the blob is damaged.")
        paths = [(*document.path, "chunks", str(number)) for number in range(chunks)]
        there = {**there, **self._connection.get(path for path in paths if path not in there)}
        parts = [there[path].fields.get("data") if path in there else None for path in paths]
        if any(not isinstance(part, bytes) for part in parts):
            raise InvalidRecord("Part of the blob is missing.")
        sealed = b"".join(part for part in parts if isinstance(part, bytes))
        if len(sealed) != size:
            raise InvalidRecord("The blob has another size than it should.")
        try:
            content = self._envelope.open_blob(sealed)
        except InvalidRecord:
            if is_unsealed(self._envelope, document.path[-1], sealed):
                raise InvalidRecord(UNSEALED) from None
            raise
        if self._envelope.name(hashlib.sha256(content).hexdigest()) != document.path[-1]:
            raise InvalidRecord("The bytes of the blob do not match its name.")
        return content
