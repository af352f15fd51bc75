"""A restored set of files takes the vault's place whole or not at all, wherever the power goes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from netto_tui.recovery.index_check import index_faults
from netto_tui.vault import memory, swap
from netto_tui.vault.identity import save_identity
from netto_tui.vault.vault import Vault
from tests.unit.vault.talks import bodies, new_vault, talk


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
        patch.setattr(swap, "atomic_write", counted("write", swap.atomic_write))
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


def test_a_power_cut_at_any_step_leaves_the_new_set_and_keeps_the_old(folder: Path, monkeypatch) -> None:
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


def test_a_power_cut_while_finishing_is_finished_the_next_time(folder: Path, monkeypatch) -> None:
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
