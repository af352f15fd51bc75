"""A replica that is being brought into another form, as the engine sees it: in that form already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from netto_tui.errors import WrongTarget
from netto_tui.replicas.base import (
    Batch,
    Chained,
    Changes,
    Corrupt,
    Held,
    Link,
    Marker,
    Meter,
    Metered,
    Probe,
    Replica,
    Selective,
)
from netto_tui.replicas.forms import fingerprint, form_of, names_of


def final(marker: Marker, form: str) -> Marker:
    """The identity of a replica once it is in a form."""
    return replace(marker, keys=fingerprint(marker) if form == "sealed" else "")


class HalfConverted:
    """Shows of a replica only what is in the form of its envelope; see replicas.base.Replica."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._form = form_of(replica.envelope)
        self.name = replica.name
        self.kind = replica.kind
        self.target = replica.target
        self.envelope = replica.envelope
        self.cancel = replica.cancel
        self.portion = replica.portion

    @property
    def keeps_views(self) -> bool:
        """As the replica."""
        return self._replica.keeps_views

    @property
    def requests(self) -> int:
        """As the replica counts."""
        return self._replica.requests

    def probe(self) -> Probe:
        """With the identity that the replica is to have."""
        probe = self._replica.probe()
        return replace(probe, marker=final(probe.marker, self._form)) if probe.marker is not None else probe

    def claim(self, marker: Marker) -> None:
        """Not while it is being converted: what lost its identity is not claimed here."""
        raise self._lost()

    def rebuild(self, marker: Marker) -> None:
        """Not while it is being converted."""
        raise self._lost()

    def changes(self, since: str = "") -> Changes:
        """Without what is of the other form."""
        found = self._replica.changes(since)
        return replace(found, names=names_of(self._form, found.names))

    def read(self, names: Iterable[str]) -> Iterator[Held]:
        """As the replica."""
        return self._replica.read(names)

    def read_blob(self, sha256: str) -> bytes | None:
        """As the replica."""
        return self._replica.read_blob(sha256)

    def read_view(self, path: str) -> bytes | None:
        """As the replica."""
        return self._replica.read_view(path)

    def slots(self) -> Mapping[str, bytes]:
        """As the replica."""
        return self._replica.slots()

    def add(self, batch: Batch, expected: str) -> str:
        """As the replica."""
        return self._replica.add(batch, expected)

    def check(self) -> Iterator[Corrupt]:
        """Nothing: what is of the other form is no fault now."""
        return iter(())

    def links(self, known: Mapping[str, tuple[int, str]] | None) -> Mapping[str, Sequence[Link]]:
        """Those of the replica, where it has any."""
        return self._replica.links(known) if isinstance(self._replica, Chained) else {}

    def withheld(self) -> Mapping[str, str]:
        """As the replica."""
        return self._replica.withheld() if isinstance(self._replica, Selective) else {}

    def meters(self) -> tuple[Meter, ...]:
        """As the replica."""
        return self._replica.meters() if isinstance(self._replica, Metered) else ()

    def close(self) -> None:
        """As the replica."""
        self._replica.close()

    def _lost(self) -> WrongTarget:
        return WrongTarget(
            f"{self.name} lost its identity while it was being made {self._form}.",
            remedy=f"Look what happened there, then: netto-tui sync {self.name} --rebuild",
        )
