"""Long content, moved out of bodies into blobs, and back.

A body keeps the beginning of what was moved, and `blobs` maps a JSON pointer (RFC 6901) to the
blob that holds the whole, as UTF-8. A value that is large without being one string is first
written as canonical JSON under the key `$json`, so that every pointer leads to a string.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from netto_tui.errors import InvalidRecord
from netto_tui.model.revision import (
    BLOB_LIMIT,
    Body,
    Deleted,
    Message,
    encode_body,
    encode_value,
)

BODY_LIMIT = 700_000
"""Bytes of an encoded body: with its envelope it stays below the 1 MiB that Firestore stores in one document."""

KEPT = 4096
"""Characters that a body keeps of what was moved."""

_STEPS = ((BLOB_LIMIT, KEPT), (65_536, KEPT), (16_384, KEPT), (8_192, 1024), (2_048, 256))
"""Bytes above which a string is moved, and characters that stay: the next step where one is not enough."""

SHORTEST_CUT = min(kept for _, kept in _STEPS)
"""A text with fewer characters is all there; a longer one may be the beginning of what was moved."""

_MANY_PARTS = 1000
"""A large message of more parts than this is moved as one: their number alone would be too much."""

_JSON = "$json"
_FOLDED = "netto.parts"
_STRUCTURAL = frozenset({"type", "role", "path", "parent", "blob", "availability", "blobs"})
_FREE = ("native", "usage", "model", "source", "context", "state", "arguments", "raw")
"""Fields that may hold any JSON value."""


def externalize(body: Body) -> tuple[Body, dict[str, bytes]]:
    """A body within BODY_LIMIT, and the blobs that it needs, by SHA-256; small bodies come back as they are.

    A function of the body alone: the same body gives the same bytes everywhere.
    """
    if isinstance(body, Deleted) or len(encode_body(body)) <= BLOB_LIMIT:
        return body, {}
    if not isinstance(body, Message) or len(body.parts) <= _MANY_PARTS:
        for step, fold in ((_STEPS[0], False), *((step, True) for step in _STEPS)):
            moved, blobs = _Mover(*step).move(body, fold)
            if len(encode_body(moved)) <= BODY_LIMIT:
                return moved, blobs
    return _Mover(*_STEPS[-1]).move(_fold_parts(body), True)


def inflate(body: Body, fetch: Callable[[str], bytes | None]) -> Body:
    """The inverse of externalize; `fetch` gives a blob's bytes by its SHA-256.

    Bytes that are not UTF-8 (a document in another encoding) stay in their blob. Raises
    InvalidRecord when a blob is missing or a pointer leads nowhere.
    """
    if isinstance(body, Deleted) or not body.blobs:
        return body
    tree = _tree(body)
    left = {}
    for pointer, ref in body.blobs.items():
        data = fetch(ref.sha256)
        if data is None:
            raise InvalidRecord(f"Blob {ref.sha256[:12]}… is missing.", remedy="Heal it from a replica.")
        try:
            _put(tree, pointer.split("/")[1:], data.decode())
        except UnicodeDecodeError:
            left[pointer] = msgspec.to_builtins(ref)
        except (KeyError, IndexError, TypeError, ValueError, msgspec.DecodeError):
            raise InvalidRecord("A blob belongs to no place in its record.") from None
    tree["blobs"] = left
    return _unfold_parts(msgspec.convert(tree, type(body)))


def _tree(body: Body) -> Any:
    """A body as JSON values."""
    return msgspec.json.decode(encode_body(body))


class _Mover:
    """Moves what is above a limit; see the module's docstring."""

    def __init__(self, limit: int, keep: int) -> None:
        self.limit = limit
        self.keep = keep
        self.blobs: dict[str, bytes] = {}
        self.refs: dict[str, dict[str, Any]] = {}
        self.folded: dict[int, dict[str, str]] = {}

    def move(self, body: Body, fold: bool) -> tuple[Body, dict[str, bytes]]:
        tree = _tree(body)
        for owner, key in list(_free_fields(tree)) if fold else ():
            owner[key] = self._folded(owner[key], key in ("arguments", "raw"))
        self._walk(tree, "")
        tree["blobs"] = {**tree.get("blobs", {}), **self.refs}
        return msgspec.convert(tree, type(body)), self.blobs

    def _walk(self, node: Any, pointer: str) -> None:
        pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in list(pairs):
            own = isinstance(value, dict) and list(value) == [_JSON] and id(value) not in self.folded
            if own and self._is_long(value[_JSON]):
                node[key] = value = self._fold(value)  # a source's own "$json" must come back as it was
            if isinstance(key, str) and key in _STRUCTURAL and _is_structure(pointer):
                continue
            where = f"{pointer}/{_escape(str(key))}"
            if isinstance(value, str):
                node[key] = self._string(value, where)
            else:
                self._walk(value, where)

    def _is_long(self, value: Any) -> bool:
        return isinstance(value, str) and len(value) * 4 > self.limit and len(value.encode()) > self.limit

    def _string(self, text: str, pointer: str) -> str:
        if not self._is_long(text):
            return text
        data = text.encode()
        sha256 = hashlib.sha256(data).hexdigest()
        self.blobs[sha256] = data
        self.refs[pointer] = {"sha256": sha256, "bytes": len(data)}
        return text[: self.keep]

    def _folded(self, value: Any, self_too: bool) -> Any:
        """A large value as text; of an object in the record's own place, its large fields."""
        if isinstance(value, str) or len(encode_value(value)) <= self.limit:
            return value
        if isinstance(value, dict) and not self_too and all(len(key) < KEPT for key in value):
            return {key: self._folded(child, True) for key, child in value.items()}
        return self._fold(value)

    def _fold(self, value: Any) -> dict[str, str]:
        folded = {_JSON: encode_value(value)}
        self.folded[id(folded)] = folded
        return folded


def _is_structure(pointer: str) -> bool:
    """Whether the object at a pointer has the record's own fields, and not those of a source."""
    return not any(f"/{name}/" in f"{pointer}/" for name in _FREE)


def _free_fields(tree: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    for key in tree.keys() & set(_FREE):
        yield tree, key
    for part in (*tree.get("parts", ()), *tree.get("output", ())):
        yield from _free_fields(part)


def _fold_parts(body: Body) -> Body:
    """A message of so many parts that their number alone is too much: all of them as one value."""
    if not isinstance(body, Message):
        return body
    tree = _tree(body)
    tree["parts"] = [{"type": "unknown", "native_type": _FOLDED, "raw": tree["parts"]}]
    return msgspec.convert(tree, Message)


def _unfold_parts(body: Body) -> Body:
    parts = body.parts if isinstance(body, Message) else ()
    if len(parts) == 1 and getattr(parts[0], "native_type", "") == _FOLDED:
        return msgspec.convert({**_tree(body), "parts": getattr(parts[0], "raw", [])}, Message)
    return body


def _put(node: Any, path: list[str], text: str) -> None:
    """Put a string back where a pointer says, and undo the folding that made it one."""
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in path]
    owner: tuple[Any, Any] | None = None
    for key in parents:
        step = int(key) if isinstance(node, list) else key
        owner = (node, step)
        node = node[step]
    if last == _JSON and owner is not None and list(node) == [_JSON]:
        owner[0][owner[1]] = msgspec.json.decode(text)
        return
    step = int(last) if isinstance(node, list) else last
    if not isinstance(node[step], str):
        raise TypeError(last)
    node[step] = text


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
