"""One flipped bit anywhere: it is found, or harmless; it spreads nowhere; one sync puts it right."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import pytest

from netto_tui.errors import NettoError
from netto_tui.recovery.index_check import index_faults
from netto_tui.recovery.verify import Verdict, verify
from netto_tui.vault import writing
from tests.faults.stores import Place, build, opened
from tests.unit.vault.talks import NIGHTLY, scratch

TRIES = 2
"""How often a vault whose index is found damaged is opened again, as its message says."""


@pytest.fixture(scope="module")
def template(request: pytest.FixtureRequest) -> Iterator[tuple[Path, dict[str, str], str]]:
    """The stores, `plain` or `sealed`, what each of them has, and the digest of it."""
    with scratch() as folder:
        (folder / "work").mkdir()
        build(folder / "work", sealed=request.param == "sealed")
        with opened(folder / "work") as place:
            one, *others = place.everywhere()
            assert all(other == one for other in others)
            assert len(one) == 21
            digest = place.vault.digest()
        shutil.copytree(folder / "work", folder / "template")
        yield folder / "template", one, digest


@contextmanager
def copy_of(template: Path) -> Iterator[Path]:
    """The stores at the place where they were made: elsewhere the ledger would take them for others."""
    folder = template.parent / "work"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder, symlinks=True)
    yield folder


def files_of(folder: Path) -> list[Path]:
    """Every file whose bytes mean something; locks do not, nor do those that a connection leaves."""
    return sorted(
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith("lock") and path.name not in ("index.db-shm", "index.db-wal")
    )


def flip(path: Path, random: Random) -> str:
    """Change one bit of a file; its times stay, as they do when a disk rots."""
    data = bytearray(path.read_bytes())
    at, bit = random.randrange(len(data)), random.randrange(8)
    data[at] ^= 1 << bit
    path.chmod(0o600)
    path.write_bytes(data)
    return f"{path} byte {at} bit {bit}"


def look(folder: Path) -> Verdict:
    """Verify everything, opening the vault again when that is what its message asks for."""
    for _ in range(TRIES):
        with suppress(NettoError), opened(folder) as place:
            return verify(place.vault, place.replicas, deep=True)
    with opened(folder) as place:
        return verify(place.vault, place.replicas, deep=True)


def heal(folder: Path, place: Place) -> None:
    """One sync; where a repository cannot be used as it is, what its error asks a person for as well."""
    reports = place.sync()
    unusable = [report.name for report in reports if report.error]
    if [report.state for report in reports] == ["locked", "ok"]:  # a slot that looks as if the code was changed
        assert "netto-tui sync folder --rebuild" in reports[0].error
        reports = place.sync(rebuild=unusable)
    elif unusable == ["git"]:
        if "where nothing is" in reports[1].error:
            (folder / "git").rename(folder / "git.old")
        else:
            assert "netto-tui sync --rebuild" in reports[1].error
        reports = place.sync(rebuild=unusable)
    assert [report.error for report in reports] == ["", ""], reports


def check(folder: Path, one: dict[str, str], digest: str) -> None:
    """Everything is there, everywhere, and the vault works."""
    with opened(folder) as place:
        for found in place.everywhere():
            assert one.items() <= found.items()
        more = place.everywhere()[0].keys() - one.keys()
        if not more:
            assert place.vault.digest() == digest
        verdict = verify(place.vault, place.replicas, deep=True)
        assert verdict.ok, verdict
        assert {store.digest for store in verdict.stores} == {place.vault.digest()}
        assert index_faults(place.vault) == []
        writing.log(place.vault, None, "user", "It goes on.")
        heal(folder, place)


def run(template: tuple[Path, dict[str, str], str], name: Path, seed: int) -> bool:
    """Flip one bit of one file and see it through; whether it was found."""
    source, one, digest = template
    random = Random(f"{name} {seed}")
    with copy_of(source) as folder:
        what = flip(folder / name, random)
        try:
            verdict = look(folder)
            with opened(folder) as place:
                heal(folder, place)
            check(folder, one, digest)
        except BaseException as error:
            error.add_note(f"seed {seed}: {what}")
            raise
        return not verdict.ok


PARTS = {
    "vault/sessions/": "found",
    "vault/blobs/": "found",
    "vault/memory/": "either",
    "vault/.netto/vault.json": "either",
    "vault/index.db": "either",
    "folder/sessions/": "found",
    "folder/blobs/": "found",
    "folder/memory/": "either",
    "folder/.netto/": "found",
    "folder/README.md": "either",
    "git/objects/": "either",  # the last bits of compressed bytes may mean nothing
    "git/refs/": "either",
    "git/": "either",
}
"""Parts of the stores, by the beginning of their paths, and whether a flip there must be found."""

SEALED_PARTS = {
    "folder/sessions/": "found",
    "folder/blobs/": "found",
    "folder/.netto/vault.json": "found",
    "folder/.netto/keys/": "found",
    "git/objects/": "either",
}
"""The same for sealed stores, as far as they differ from plain ones."""


@pytest.mark.parametrize(
    ("beginning", "must", "template"),
    [
        *((beginning, must, "plain") for beginning, must in PARTS.items()),
        *((beginning, must, "sealed") for beginning, must in SEALED_PARTS.items()),
    ],
    indirect=["template"],
)
def test_a_flipped_bit(beginning: str, must: str, template: tuple[Path, dict[str, str], str]) -> None:
    names = [name for name in files_of(template[0]) if str(name).startswith(beginning)]
    if beginning == "git/":
        names = [n for n in names if not str(n).startswith(("git/objects/", "git/refs/"))]
    assert names
    times = {"vault/index.db": 12, "vault/.netto/vault.json": 6}.get(beginning, max(1, 10 // len(names)))
    if NIGHTLY:
        times *= 40
    elif len(names) > 6:
        names = Random(beginning).sample(names, 6)
    for name in names:
        for seed in range(times):
            found = run(template, name, seed)
            assert found or must != "found", f"not found: {name} seed {seed}"
