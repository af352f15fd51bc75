"""The first steps of a vault in the app: what was chosen, how far a person came, and bringing conversations in.

Each step leaves a vault that works, so leaving in the middle loses nothing: `begun.json` says where the
next start goes on, and is gone when all is done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from netto_tui import config
from netto_tui.config import SourceConfig
from netto_tui.files import atomic_write
from netto_tui.paths import Layout
from netto_tui.setup import joining

if TYPE_CHECKING:
    from netto_tui.capture.ingest import Imported, ImportProgressed

Step = Literal["sources", "replicas", "import", "sync"]


@dataclass(frozen=True)
class Begun:
    """How far the first steps came. step: the one to go on with. once: paths that are imported one time only."""

    step: Step = "sources"
    once: tuple[str, ...] = ()


@dataclass(frozen=True)
class Brought:
    """What one place gave; error: why it could not be read, "" when it could."""

    path: Path
    imported: Imported
    error: str = ""


def load(path: Path) -> Begun | None:
    """How far the first steps of the vault at a path came; None when they are done, or were never begun.

    A file that cannot be read counts as the first step: everything in it can be chosen again.
    """
    try:
        data = Layout(path).begun.read_bytes()
    except OSError:
        return None
    try:
        return msgspec.json.decode(data, type=Begun)
    except msgspec.DecodeError:
        return Begun()


def note(path: Path, begun: Begun) -> None:
    """Write down how far the first steps came. Raises OSError."""
    atomic_write(Layout(path).begun, msgspec.json.encode(begun))


def finish(path: Path) -> None:
    """All is done. Raises OSError."""
    Layout(path).begun.unlink(missing_ok=True)


def choose(path: Path, lasting: Sequence[Path], once: Sequence[Path], offered: Sequence[Path], step: Step) -> None:
    """Make the vault if there is none, and keep which places were chosen of those that were offered.

    lasting: places that are looked at again at every sync. What a person named before and was not offered
    stays. Raises UsageError for settings that cannot be read, VaultError, OSError.
    """
    layout = Layout(path)
    settings = config.load(layout.config)
    known = {str(each) for each in offered}
    kept = [source for source in settings.sources if source.path not in known]
    there = {source.path: source for source in settings.sources}
    chosen = [there.get(str(each), SourceConfig(str(each))) for each in lasting]
    wanted = replace(settings, sources=(*kept, *chosen))
    if joining.is_fresh(path):
        joining.join(path, layout.config, wanted, [], joining.Whose({}))
    elif wanted != settings:
        config.save(layout.config, wanted)
    note(path, Begun(step, tuple(str(each) for each in once)))


def bring_in(
    path: Path,
    places: Sequence[SourceConfig],
    now: Callable[[], int],
    listener: Callable[[ImportProgressed], None],
    looked: Callable[[], object],
    cancel: threading.Event,
) -> Iterator[Brought]:
    """Import what is new at each place, one after the other; running it again adds nothing.

    looked: called for each file or database before it is read. Raises Cancelled when `cancel` is set; what
    was added stays.
    """
    from netto_tui.capture.ingest import Imported
    from netto_tui.capture.watch import look_again
    from netto_tui.errors import Cancelled, NettoError
    from netto_tui.vault import memory
    from netto_tui.vault.vault import Vault

    with Vault.open(path, now=now) as vault:
        for each in places:
            place = Path(each.path).expanduser()
            try:
                found = look_again(
                    vault, [place], each.kind or None, cancel, listener=listener, looked=lambda _: looked()
                )
                yield Brought(place, found, "" if place.exists() else "it is not there any more")
            except Cancelled:
                raise
            except (NettoError, OSError) as error:
                yield Brought(place, Imported(), str(error))
        memory.refresh(vault)


def places(path: Path) -> list[SourceConfig]:
    """Every place that was chosen: those in the settings, then those of one time. Raises UsageError."""
    begun = load(path) or Begun()
    found = {source.path: source for source in config.load(Layout(path).config).sources}
    return [*found.values(), *(SourceConfig(each) for each in begun.once if each not in found)]
