"""A restored set of files takes the vault's place whole or not at all, wherever the power goes."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from netto_tui.errors import Busy
from netto_tui.files import atomic_write
from netto_tui.recovery.index_check import index_faults
from netto_tui.vault import lock, memory, swap
from netto_tui.vault.identity import save_identity
from netto_tui.vault.vault import Vault
from tests.unit.vault.talks import bodies, new_vault, talk

_BLOB = hashlib.sha256(b"picture").hexdigest()


class PowerCut(BaseException):
    """The machine stops here; nothing after it happens."""


@contextmanager
def power_cut(monkeypatch: pytest.MonkeyPatch, before: int) -> Iterator[list[str]]:
    """Stop before the n-th change of the file system; yields the list of those that happened."""
    done: list[str] = []

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            if len(done) == before:
                raise PowerCut
            done.append(f"{name} {args[0]}")
            return real(*args, **more)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", counted("replace", os.replace))
        patch.setattr(swap, "atomic_write", counted("write", atomic_write))
        patch.setattr(Path, "unlink", counted("unlink", Path.unlink))
        patch.setattr(shutil, "rmtree", counted("rmtree", shutil.rmtree))
        yield done


def stage(vault: Vault) -> tuple[Path, Path]:
    """Another set of records, ready to be put in place."""
    staged = vault.path / "staging" / "new"
    save_identity(staged, vault.identity)
    with Vault.open(staged) as new:
        new.add([*talk(1), *talk(2)])
        memory.refresh(new)
    return staged, vault.path / "undo" / "old"


def test_a_power_cut_at_any_step_leaves_the_new_set_and_keeps_the_old(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0
    for cut in range(60):
        path = folder / str(cut)
        with new_vault(path) as vault:
            vault.add([*talk(1), *talk(3)])
            memory.refresh(vault)
            old = bodies(vault)
            staged, undo = stage(vault)
        swap_file = path / ".netto" / "swap.json"
        done: list[str] = []
        try:
            with power_cut(monkeypatch, cut) as done:
                swap.swap_in(path, staged, undo)
        except PowerCut:
            pass
        else:
            steps = cut
        begun = swap_file.exists() or len(done) > 1
        for _ in range(2):  # a second look finds nothing left to do
            with Vault.open(path) as opened:
                expected = {bytes.fromhex(r.id) for r in [*talk(1), *talk(2)]} if begun else old
                assert bodies(opened) == expected, (cut, done)
                assert index_faults(opened) == []
                assert not swap_file.exists()
        if begun:
            kept = {p.name for p in (undo / "sessions").rglob("*.jsonl")}
            assert kept == {f"{talk(number)[0].rev.conversation}.jsonl" for number in (1, 3)}
        if steps:
            assert not list(undo.glob("*.moved"))
            assert not staged.exists()
            break
    assert steps > 10


def test_a_power_cut_while_finishing_is_finished_the_next_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for first in range(2, 20, 3):
        for second in range(0, 12, 2):
            path = folder / f"{first}-{second}"
            with new_vault(path) as vault:
                vault.add([*talk(1), *talk(3)])
                staged, undo = stage(vault)
            for cut in (first, second):
                try:
                    with power_cut(monkeypatch, cut):
                        swap.swap_in(path, staged, undo) if cut == first else swap.finish_swap(path)
                except PowerCut:
                    pass
            with Vault.open(path) as opened:
                assert bodies(opened) == {bytes.fromhex(r.id) for r in [*talk(1), *talk(2)]}
            assert (undo / "sessions").is_dir()


def test_others_that_have_the_vault_open_follow(vault: Vault) -> None:
    vault.add(talk(3))
    other = Vault.open(vault.path)
    reader = other.reader()
    assert reader.totals().conversations == 1
    vault.exchange(*stage(vault))
    assert reader.totals().conversations == 2
    assert other.add(talk(4)).added == 4
    assert bodies(vault) == {bytes.fromhex(r.id) for number in (1, 2, 4) for r in talk(number)}
    reader.close()
    other.close()


def test_nothing_to_finish_is_nothing_done(vault: Vault) -> None:
    vault.add(talk(1))
    before = sorted(path for path in vault.path.rglob("*"))
    swap.finish_swap(vault.path)
    assert sorted(path for path in vault.path.rglob("*")) == before


@pytest.mark.parametrize("cut", range(2, 16))
def test_who_has_the_vault_open_finishes_what_a_dead_process_began_before_writing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    path = folder / "vault"
    with new_vault(path) as vault:
        vault.add([*talk(1), *talk(3)])
        staged, undo = stage(vault)
        with pytest.raises(PowerCut), power_cut(monkeypatch, cut):
            swap.swap_in(path, staged, undo)
        vault.add(talk(4))
    with Vault.open(path) as opened:
        assert bodies(opened) == {bytes.fromhex(r.id) for number in (1, 2, 4) for r in talk(number)}
        assert index_faults(opened) == []


def test_an_exchange_that_is_under_way_is_left_to_the_process_that_does_it(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.add([*talk(1), *talk(3)])
    staged, undo = stage(vault)
    monkeypatch.setattr(lock, "LOCK_SECONDS", 0.1)
    real = os.replace
    refused: list[bool] = []

    def replace(old: Path, new: Path) -> None:
        real(old, new)
        if new.parent == undo and not refused:
            with pytest.raises(Busy):
                Vault.open(vault.path)
            refused.append(True)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        vault.exchange(staged, undo)
    assert refused
    assert bodies(vault) == {bytes.fromhex(r.id) for number in (1, 2) for r in talk(number)}


def test_a_blob_that_arrives_while_files_are_exchanged_stays(vault: Vault) -> None:
    vault.add(talk(1))
    late = threading.Thread(target=vault.add, args=((), {_BLOB: b"picture"}))

    def last() -> None:
        late.start()
        late.join(0.2)

    staged, undo = stage(vault)
    vault.exchange(staged, undo, last)
    late.join()
    assert vault.blobs.get(_BLOB) == b"picture"
