"""Reading the branches of a repository: what each of them holds, and conversations united from all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dulwich.objects import ObjectID

from netto_tui.replicas import git_trees, tree
from netto_tui.replicas.base import Held
from netto_tui.replicas.git_branch import Listing, label, list_branch, read_page
from netto_tui.replicas.git_disk import Refs, Repository
from netto_tui.security.envelope import Envelope


class Reading:
    """Branches of one repository as they were last listed. pause: called now and then, and may raise."""

    def __init__(self, repository: Repository, envelope: Envelope, pause: Callable[[], None]) -> None:
        self._repository = repository
        self._envelope = envelope
        self._pause = pause
        self._listings: dict[str, tuple[ObjectID, Listing]] = {}

    def forget(self) -> None:
        """List everything anew: another repository lies there now."""
        self._listings.clear()

    def list(self, refs: Refs) -> dict[str, Listing]:
        """What each branch holds; what was listed before is only brought up to date."""
        found = {}
        for ref, head in refs.items():
            self._pause()
            seen, listing = self._listings.pop(ref, (None, None))
            if seen != head or listing is None or listing.corrupt:
                listing = list_branch(self._repository.objects, ref, head, listing)
                if listing.corrupt and self._repository.renew():
                    listing = list_branch(self._repository.objects, ref, head)
            self._listings[ref] = (head, listing)
            found[ref] = listing
        return found

    def held(self, name: str, listings: Mapping[str, Listing]) -> Held:
        """A conversation, united from branches."""
        page = tree.Page()
        for ref, listing in listings.items():
            files = listing.names.get(name, {})
            read_page(self._repository.objects, self._envelope, name, page, files, label(ref))
        return Held(name, page.sorted(), tuple(page.corrupt))

    def find(self, path: str, refs: Refs) -> bytes | None:
        """A file from the first branch that has it. Raises DamagedRepository."""
        objects = self._repository.objects
        for head in refs.values():
            if head and (blob := git_trees.find(objects, objects.commit(head).tree, path)):
                return objects.read(blob, b"blob")
        return None
