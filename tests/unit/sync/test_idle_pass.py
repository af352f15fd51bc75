"""A pass with nothing to do: one look, the same for a few conversations as for many, and no byte written."""

from __future__ import annotations

from pathlib import Path

import pytest

from netto_tui.sync.engine import PROOF_MS
from tests.unit.sync.given import Device
from tests.unit.vault.talks import scratch, talk

STORES = ("disk", "history")


def state(root: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Every file below a folder, locks apart: its number, size, time of change and bytes."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.name != "lock":
            seen = path.stat()
            found[str(path)] = (seen.st_ino, seen.st_size, seen.st_mtime_ns, path.read_bytes())
    return found


def filled(folder: Path, conversations: int, *, day: int = 22) -> Device:
    """A device of which everything is proven on both replicas."""
    device = Device(folder)
    for number in range(conversations):
        device.vault.add(talk(number, day=day))
    device.sync()
    assert all(report.state == "ok" for report in device.sync().values())
    return device


@pytest.mark.parametrize("day", [22, 23], ids=["settled", "of today"])
def test_a_round_with_nothing_to_do_changes_no_file_anywhere(folder: Path, day: int) -> None:
    device = filled(folder, 5, day=day)
    before = state(folder)
    reports = device.sync()
    assert {report.state for report in reports.values()} == {"ok"}
    assert state(folder) == before
    device.vault.close()


def test_a_round_with_nothing_to_do_makes_one_request_to_each_store(folder: Path) -> None:
    device = filled(folder, 5)
    assert {name: report.requests for name, report in device.sync().items()} == dict.fromkeys(STORES, 1)
    device.vault.close()


def work(device: Device) -> tuple[list[str], int]:
    """What a round asks the index: the statements, and how many hundred steps SQLite makes for them."""
    asked: list[str] = []
    steps = [0]

    def step() -> int:
        steps[0] += 1
        return 0

    device.vault.sql.set_trace_callback(asked.append)
    device.vault.sql.set_progress_handler(step, 100)
    device.sync()
    device.vault.sql.set_trace_callback(None)
    device.vault.sql.set_progress_handler(None, 0)
    return asked, steps[0]


def test_a_round_with_nothing_to_do_costs_the_same_for_few_conversations_and_for_many() -> None:
    with scratch() as one, scratch() as other:
        few, many = filled(one, 3), filled(other, 120)
        (asked_few, steps_few), (asked_many, steps_many) = work(few), work(many)
        assert len(asked_few) == len(asked_many)
        assert not [statement for statement in asked_many if statement.startswith(("INSERT", "UPDATE", "DELETE"))]
        assert steps_many <= steps_few + 2
        few.vault.close()
        many.vault.close()


def test_a_proof_that_has_grown_old_is_renewed_in_the_ledger_alone(folder: Path) -> None:
    device = filled(folder, 3)
    before, proven = state(folder), device.ledger("disk").standing()
    device.time.pass_minutes(PROOF_MS / 60_000 + 1)
    device.sync()
    renewed = device.ledger("disk").standing()
    assert proven and renewed and renewed.verified_at > proven.verified_at
    assert {name for name, seen in state(folder).items() if before.get(name) != seen} <= {
        str(device.vault.path / f"index.db{suffix}") for suffix in ("", "-wal", "-shm")
    }
    device.vault.close()
