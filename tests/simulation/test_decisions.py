"""The table of decisions: three replicas, each in one of seven states, against the real engine.

U as last verified, X and Y concurrent edits, T a tombstone, M missing, C corrupt, ? unreachable. The
device itself has lost its copy, so that what comes out follows from the replicas alone; then again with
the device as one of the three stores. Each case runs with the ledger and after the loss of it.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from netto_tui.errors import Unreachable
from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import Deleted, Message, Record, Stamp, Text, mint
from netto_tui.recovery.verify import verify
from netto_tui.sync import events
from netto_tui.sync.engine import Engine
from netto_tui.sync.round import sync_all
from netto_tui.sync.wanted import wanted
from netto_tui.vault.vault import Vault
from tests.simulation.memory_replica import MemoryReplica, Moment, Store
from tests.unit.vault.talks import NIGHTLY, new_vault, scratch, some, talk

NAME = conversation_id("decision", "1")
ITEM = message_id(NAME, "1")


def version(text: str, by: str, *replaces: Record) -> Record:
    body = Message("user", (Text(text),)) if text else Deleted()
    stamp = Stamp(f"2026-11-23T09:0{len(replaces)}:00.000Z", 0, by)
    return mint(NAME, ITEM, body, stamp, [record.id for record in replaces])


U = version("What was said.", "a")
X = version("What was edited here.", "x", U)
Y = version("What was edited there.", "y", U)
T = version("", "t", U)
BY_ID = {record.id: record for record in (U, X, Y, T)}
RECORDS = {"U": {U.id}, "X": {U.id, X.id}, "Y": {U.id, Y.id}, "T": {U.id, T.id}}
BYSTANDER = talk(7)
ROTTEN = U.line.replace(b"said", b"sold")
STATES = "UXYTMC?"


def put(store: Store, state: str) -> None:
    """Bring a store that was in state U into another, so that it shows in its listing."""
    if state in RECORDS:
        store.lines[NAME] = [BY_ID[record].line for record in sorted(RECORDS[state])]
    elif state == "C":
        store.lines[NAME] = [ROTTEN]
    elif state == "M":
        store.lines.pop(NAME)
    if state not in "U?":
        store.changed({NAME})


def put_local(path: Path, state: str) -> None:
    """Bring the files of a closed vault, which was in state U, into another."""
    (file,) = (path / "sessions").rglob(f"{NAME}.jsonl")
    lines = [ROTTEN] if state == "C" else [BY_ID[record].line for record in sorted(RECORDS.get(state, ()))]
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    if not lines:
        file.unlink()
    os.utime(file.parent)


def unreachable(_call: str, _moment: Moment) -> None:
    raise Unreachable("It does not answer.")


class Case:
    """A vault and three replicas that were equal, and then came into the given states."""

    def __init__(self, folder: Path, states: str, *, local: str, ledger: bool) -> None:
        self.told: list[events.SyncEvent] = []
        self.states = states
        self.stores = [Store() for _ in states]
        self.replicas = [MemoryReplica(f"r{number}", store) for number, store in enumerate(self.stores)]
        with new_vault(folder) as vault:
            vault.add([U, *BYSTANDER])
            self.sync(vault)
        put_local(folder, local)
        for state, store, replica in zip(states, self.stores, self.replicas, strict=True):
            put(store, state)
            replica.trouble = unreachable if state == "?" else replica.trouble
            replica.writes = 0
        if not ledger:
            for file in folder.glob("index.db*"):
                file.unlink()
        self.vault = Vault.open(folder, now=vault.clock.now)
        if local == "C":
            verify(self.vault, [])  # rot shows only to those who read
        self.told.clear()

    def sync(self, vault: Vault) -> None:
        sync_all(Engine(vault, self.told.append, new_id=lambda: "0" * 32), self.replicas)


def expected(states: str) -> set[str]:
    """What there is to know: rule R1 to R5; nothing for R6 and R7."""
    return set().union(*(RECORDS.get(state, set()) for state in states))


def conflict(records: set[str]) -> str:
    heads = {X.id, Y.id, T.id} & records
    if len(heads) < 2:
        return ""
    return "edit-vs-delete" if T.id in heads else "edit"


def known(vault: Vault) -> set[str]:
    return {record.id for record in vault.records(NAME)}


def check(case: Case, everything: str, *, ledger: bool) -> None:
    vault, result = case.vault, expected(everything)
    case.sync(vault)
    assert known(vault) == result
    with vault.reader() as reader:
        assert [row.kind for row in reader.conflicts()] == [conflict(result)] * bool(conflict(result))
        shown = [row.text for row in reader.messages(NAME)]
        assert bool(shown) == bool(result and (result & {X.id, Y.id} or T.id not in result))
    for state, store, replica in zip(case.states, case.stores, case.replicas, strict=True):
        there = set(store.records(NAME))
        if state == "?":
            assert (there, replica.writes) == ({U.id}, 0)
        elif not result:
            assert (there, replica.writes) == (set(), 0)
        else:
            assert there == result
            assert len(store.lines[NAME]) == len(result)
            needed = RECORDS.get(state) != result
            assert needed <= replica.writes <= needed * 2  # again when a later replica brought more
    kept = [path.read_bytes() for path in vault.quarantine.path.glob("*.bin")]
    assert (ROTTEN in kept) == ("C" in everything)
    if not result and ledger:
        reached = "?" not in everything
        assert (NAME in wanted(vault)) == (not reached)
        codes = [event.code for event in case.told if isinstance(event, events.Alerted)]
        assert ("lost" in codes) == reached
    digest, writes = vault.digest(), [replica.writes for replica in case.replicas]
    case.sync(vault)
    assert (vault.digest(), [replica.writes for replica in case.replicas]) == (digest, writes)
    with_everything_back(case, everything)


def with_everything_back(case: Case, everything: str) -> None:
    """When the unreachable answer again, they join, and all are equal."""
    for replica in case.replicas:
        replica.trouble = lambda _call, _moment: None
    case.sync(case.vault)
    result = expected(everything.replace("?", "U"))
    assert known(case.vault) == result
    for store in case.stores:
        assert set(store.records(NAME)) == result


def in_order(states: str) -> bool:
    return states == "".join(sorted(states, key=STATES.index))


def cases(length: int, states: str = STATES, *, all_orders: bool = True) -> Iterator[str]:
    for chosen in itertools.product(states, repeat=length):
        if all_orders or in_order("".join(chosen)):
            yield "".join(chosen)


def run(folder: Path, states: str, *, local: str, ledger: bool) -> None:
    case = Case(folder / "vault", states, local=local, ledger=ledger)
    with case.vault:
        check(case, states if local == "M" and len(states) == 3 else local + states, ledger=ledger)


@pytest.mark.parametrize("first", STATES)
def test_three_replicas_in_any_states(first: str) -> None:
    for states in some(cases(2), 4):
        with scratch() as folder:
            run(folder, first + states, local="M", ledger=True)


@pytest.mark.parametrize("first", STATES.replace("U", ""))
def test_losing_the_ledger_never_changes_the_outcome(first: str) -> None:
    for states in cases(2, STATES.replace("U", "")):
        if NIGHTLY or in_order(first + states):
            with scratch() as folder:
                run(folder, first + states, local="M", ledger=False)


@pytest.mark.parametrize("local", STATES.replace("?", ""))
def test_the_device_and_two_replicas_in_any_states(local: str) -> None:
    for states in cases(2, all_orders=NIGHTLY):
        for ledger in (True, False) if NIGHTLY else (True,):
            with scratch() as folder:
                run(folder, states, local=local, ledger=ledger)


def test_the_table_has_as_many_cases_as_it_should() -> None:
    assert len(list(cases(3, all_orders=False))) == 84
    assert len(list(cases(3))) + len(list(cases(3, STATES.replace("U", "")))) == 559
