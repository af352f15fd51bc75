"""Digests: a Merkle tree over sets of revisions, by date.

A conversation's digest is the SHA-256 of its sorted revision ids, one a line. That of a day, a
month, a year and the whole is over the sorted names and digests below it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping

EMPTY = hashlib.sha256(b"").hexdigest()
"""The digest of an empty set."""


def conversation_digest(ids: Iterable[str]) -> str:
    """The digest of one conversation's set of revision ids."""
    return hashlib.sha256("".join(f"{name}\n" for name in sorted(ids)).encode()).hexdigest()


def node_digest(children: Mapping[str, str]) -> str:
    """The digest over named digests; order does not matter."""
    text = "".join(f"{name} {digest}\n" for name, digest in sorted(children.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def root_digest(days: Mapping[str, str]) -> str:
    """The digest of a vault from the digests of its days, named `YYYY/MM/DD`."""
    level: Mapping[str, str] = days
    for _ in ("days into months", "months into years", "years into the root"):
        parents: dict[str, dict[str, str]] = defaultdict(dict)
        for name, digest in level.items():
            parent, _slash, leaf = name.rpartition("/")
            parents[parent][leaf] = digest
        level = {name: node_digest(children) for name, children in parents.items()}
    return level.get("", EMPTY)
