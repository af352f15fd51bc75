"""The Git replica with what brings it from plain to sealed and back: commits like any other.

What was there before stays in the history of the repository.
"""

from __future__ import annotations

from collections.abc import Iterable

from dulwich.objects import ObjectID

from netto_tui.errors import Moved
from netto_tui.plural import many
from netto_tui.replicas import git_trees, tree
from netto_tui.replicas.base import Marker, Signer
from netto_tui.replicas.forms import form_of, is_left_over
from netto_tui.replicas.git import Git
from netto_tui.replicas.git_branch import Draft, decode_cursor
from netto_tui.replicas.git_disk import MAIN
from netto_tui.replicas.git_objects import DamagedObject


class ConvertibleGit(Git):
    """A replica in a Git repository; see replicas.git.Git and replicas.forms.Convertible."""

    def mark(self, marker: Marker, signer: Signer | None) -> None:
        """Commit the identity on main, then on every live branch: whoever is about to write there has to look again."""
        for ref, head in self._heads().items():
            self._pause()
            draft = Draft(self._repository.objects, head)
            draft.put(tree.MARKER, tree.render_marker(marker))
            if ref == MAIN and self.envelope.readable and draft.find(tree.README_PATH) is None:
                draft.put(tree.README_PATH, tree.README)
            self._commit(draft, ref, f"Write the identity of the replica anew, from {self._device}\n".encode(), signer)

    def strip(self, expected: str, signer: Signer | None) -> int:
        """One commit on each branch that has something of the other form."""
        refs, objects, gone = self._heads(), self._repository.objects, 0
        if refs != decode_cursor(expected):
            raise Moved(f"Another device wrote to {self.name} first.", remedy="Nothing is lost; it is read again.")
        for ref, head in refs.items():
            self._pause()
            draft = Draft(objects, head)
            paths = [path for path in self._paths(head) if self._is_left_over(draft, path)]
            for path in paths:
                draft.drop(path)
            if paths:
                subject = f"Delete {many(len(paths), 'file')} that {form_of(self.envelope)} ones replace"
                self._commit(draft, ref, f"{subject}, from {self._device}\n".encode(), signer)
            gone += len(paths)
        return gone

    def _is_left_over(self, draft: Draft, path: str) -> bool:
        return is_left_over(form_of(self.envelope), path, lambda: draft.content(path))

    def _paths(self, head: ObjectID) -> Iterable[str]:
        """Every file of a commit. Raises DamagedObject."""
        objects = self._repository.objects
        for path, _, _ in git_trees.differences(objects, None, objects.commit(head).tree, _fail):
            yield path


def _fail(_path: str, error: DamagedObject) -> None:
    raise error
