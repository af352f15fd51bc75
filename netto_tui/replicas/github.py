"""The `github` replica: the tree in a private repository, through GitHub's API."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from netto_tui.replicas.base import Batch, Marker, Meter, Portion
from netto_tui.replicas.git_disk import LIVE, MAIN, Refs
from netto_tui.replicas.git_forms import ConvertibleGit
from netto_tui.replicas.github_client import Hub
from netto_tui.replicas.github_push import PushProtected
from netto_tui.replicas.github_repository import HubRepository
from netto_tui.replicas.github_secrets import Withheld
from netto_tui.security.credentials import github_token
from netto_tui.security.envelope import Envelope


class GitHub(ConvertibleGit):
    """A replica at GitHub; see replicas.base.Replica, Historic, Metered and Selective. target: OWNER/REPO."""

    kind = "github"
    portion = Portion(10_000, 32 * 2**20)

    def __init__(
        self,
        name: str,
        target: str,
        envelope: Envelope,
        cancel: threading.Event,
        *,
        cache_dir: Path,
        device: str,
        now: Callable[[], int],
        api_url: str = "",
    ) -> None:
        api_url = api_url or os.environ.get("NETTO_GITHUB_API", "")
        hub = Hub(api_url, cancel, lambda: github_token(api_url, target), now)
        folder = cache_dir / "github" / hashlib.sha256(f"{hub.api_url} {target}".encode()).hexdigest()[:32]
        self._hub_repository = HubRepository(hub, target, folder, cancel)
        self._withheld = Withheld(self._hub_repository.notes, self._hub_repository.push, envelope, self._ids_of)
        super().__init__(name, target, envelope, cancel, self._hub_repository, device=device, now=now)

    def meters(self) -> tuple[Meter, ...]:
        """The requests that are left, and the days of the token."""
        return self._hub_repository.hub.meters()

    def withheld(self) -> Mapping[str, str]:
        """What GitHub's push protection did not take."""
        return self._withheld.reasons()

    def add(self, batch: Batch, expected: str) -> str:
        """As Git.add; what GitHub takes for a secret is left out, and all else is written."""
        while True:
            try:
                return super().add(self._withheld.leave_out(batch), expected)
            except PushProtected as refusal:
                self._withheld.learn(refusal, batch)

    def rebuild(self, marker: Marker) -> None:
        """Keep what the branches have under `damaged/STAMP`, and write the identity on top of main again.

        The repository that bears the name now is accepted, and made when there is none.
        """
        self._hub_repository.pin_anew()
        super().rebuild(marker)

    def _ids_of(self, conversation: str) -> set[str]:
        """The records of a conversation that are there."""
        return {record.id for held in self.read([self.envelope.name(conversation)]) for record in held.records}

    def _look_before_writing(self, known: Refs) -> Refs:
        """What was last seen, when that is what the writer expects too: GitHub compares when a branch moves."""
        own = f"{LIVE}{self._device}"
        agreed = self._refs and all(self._refs.get(ref) == known.get(ref) for ref in (MAIN, own))
        return self._refs if agreed else super()._look_before_writing(known)
