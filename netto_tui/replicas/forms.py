"""The two forms of what a replica holds, sealed and plain, and the operations that bring it from one to the other.

While that is underway both lie there beside each other: a stored name tells which form it belongs to, and the keys
in the identity say what the replica becomes, `FINGERPRINT>sealed` or `FINGERPRINT>plain`, so that nobody who has it
in one of the two forms takes it for that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal, Protocol, runtime_checkable

from netto_tui.replicas import tree
from netto_tui.replicas.base import Marker, Signer
from netto_tui.security.envelope import Envelope

Form = Literal["sealed", "plain"]

_SEALED_NAME = re.compile(r"[0-9a-f]{32}")
_UNDERWAY = ">"


def form_of(envelope: Envelope) -> Form:
    """In which form an envelope writes."""
    return "plain" if envelope.readable else "sealed"


def form_of_name(name: str) -> Form:
    """Of which form the stored name of a conversation or blob is: keyed hashes are shorter than what they stand for."""
    return "sealed" if _SEALED_NAME.fullmatch(name) else "plain"


def names_of(form: Form, names: Iterable[str]) -> frozenset[str]:
    """Those of some stored names that are of a form."""
    return frozenset(name for name in names if form_of_name(name) == form)


def becoming(marker: Marker) -> str:
    """The form that a replica is being brought into, "" for one that is in its form."""
    return marker.keys.partition(_UNDERWAY)[2]


def fingerprint(marker: Marker) -> str:
    """Of the keys that what is sealed there is sealed with, "" where nothing is."""
    return marker.keys.partition(_UNDERWAY)[0]


def underway(marker: Marker, keys: str, form: Form) -> Marker:
    """The identity of a replica that is being brought into a form; keys: the fingerprint of the sealed one's."""
    return replace(marker, keys=f"{keys}{_UNDERWAY}{form}")


def is_left_over(form: Form, path: str, content: Callable[[], bytes | None]) -> bool:
    """Whether a file of a tree is of the other form than this one; content: gives its bytes, where that matters."""
    kind = tree.kind_of(path)
    if kind == "session":
        return form_of_name(tree.session_name(path)) != form
    if kind == "blob":
        return form_of_name(path.removeprefix("blobs/").replace("/", "")) != form
    if kind == "readme":  # a person may have one of their own
        return form == "sealed" and content() == tree.README
    return kind == ("view" if form == "sealed" else "slot")


@runtime_checkable
class Convertible(Protocol):
    """A replica that can be brought from one form to the other; its envelope is that of the new one."""

    def mark(self, marker: Marker, signer: Signer | None) -> None:
        """Write another identity over the one that is there, so that writers who saw the former one are refused.

        It changes nothing where that is the identity already. Raises Moved when somebody else writes at the time.
        """
        ...

    def strip(self, expected: str, signer: Signer | None) -> int:
        """Delete everything that is not in the form of the envelope; how many files or documents went.

        A person's own files stay. It may be cut anywhere. Raises Moved, before anything is deleted, when the store
        is no longer at `expected`, a cursor of `changes`.
        """
        ...
