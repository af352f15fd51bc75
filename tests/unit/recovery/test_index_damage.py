"""Values in the index that rotted without SQLite noticing: found by a deep verification, and without effect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from netto_tui.errors import NettoError
from netto_tui.recovery.verify import verify
from tests.faults.stores import build, opened
from tests.unit.vault.talks import scratch


def changed(table: str, digest: str, where: str = "") -> str:
    """SQL that gives each value of a column in hexadecimal another first digit."""
    other = f"CASE substr({digest}, 1, 1) WHEN 'f' THEN 'e' ELSE 'f' END || substr({digest}, 2)"
    return f"UPDATE {table} SET {digest} = {other} {where}"  # noqa: S608  # fixed names


FOUND = {
    "a conversation's digest": changed("conversations", "digest"),
    "a day's digest": changed("days", "digest"),
    "the root digest": changed("meta", "value", "WHERE key = 'root'"),
    "a head": "UPDATE revisions SET head = 1 - head WHERE seq = 3",
    "a place in a file": "UPDATE revisions SET start = start + 1 WHERE seq = 3",
    "a revision's name": "UPDATE revisions SET id = x'00' WHERE seq = 3",
    "a revision too few": "DELETE FROM revisions WHERE seq = 3",
    "a conversation too few": "DELETE FROM conversations WHERE id = 2",
    "a file's length": "UPDATE conversations SET size = size - 1 WHERE id = 2",
    "a conversation's day": "UPDATE conversations SET day = '2020/01/01' WHERE id = 2",
    "a conversation's name": "UPDATE conversations SET name = 'c_' || substr(name, 4) || '0' WHERE id = 2",
    "a message's text": "UPDATE messages SET text = 'x' WHERE item IN (SELECT item FROM messages LIMIT 1)",
    "a blob's owner": "DELETE FROM blobs",
    "the name of the device": "UPDATE meta SET value = 'nobody' WHERE key = 'device'",
    "the name of the vault": "UPDATE meta SET value = 'v_0' WHERE key = 'vault'",
}
HARMLESS = {
    "a proof": changed("ledger", "digest"),
    "a mark": "UPDATE ledger SET mark = 10000",
    "a ledger too few": "DELETE FROM ledger",
    "a cursor": "UPDATE replicas SET cursor = 'x' || cursor",
    "a cursor of another kind": "UPDATE replicas SET cursor = '[1, \"a\"]'",
    "a proven root": "UPDATE replicas SET root = 'x'",
    "a marker": "UPDATE replicas SET marker = 'x' || marker",
    "a part of a marker": "UPDATE replicas SET marker = replace(marker, 'zone', 'zane')",
    "what is known of replicas": "DELETE FROM replicas",
    "a time": "UPDATE replicas SET verified_at = 'yesterday'",
    "a page's sum": "UPDATE views SET sha256 = 'x', mtime = 1",
    "pages": "DELETE FROM views",
    "something wanted": "INSERT INTO wanted VALUES ('c_0', 'lost'), ('../../etc', 'lost')",
    "something pending": "INSERT INTO pending VALUES ('c_00000000000000000000000000000000', '2026/11/23')",
    "a journal": "UPDATE journal SET at = 'x', kind = 'y'",
    "a time of a folder": "UPDATE days SET folder_mtime = 1",
    "the boot": "UPDATE meta SET value = 'x' WHERE key = 'boot'",
}


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch() as made:
        build(made)
        yield made


def damage(folder: Path, change: str) -> tuple[dict[str, str], str]:
    """Change a row behind the vault's back; what there was, and its digest."""
    with opened(folder) as place:
        one, digest = place.everywhere()[0], place.vault.digest()
        assert place.vault.sql.execute(change).rowcount > 0
    return one, digest


def settle(folder: Path, one: dict[str, str], digest: str) -> None:
    with opened(folder) as place:
        reports = place.sync()
        assert [report.error for report in reports] == ["", ""]
        assert place.everywhere() == [one, one, one]
        assert place.vault.digest() == digest
        assert verify(place.vault, place.replicas, deep=True).ok
        assert [report.state for report in place.sync()] == ["ok", "ok"]


@pytest.mark.parametrize("name", FOUND)
def test_a_deep_verification_finds_it_and_derives_the_index_anew(name: str, folder: Path) -> None:
    one, digest = damage(folder, FOUND[name])
    try:
        with opened(folder) as place:
            verdict = verify(place.vault, place.replicas, deep=True)
            assert not verdict.ok
            assert verdict.digest == digest
    except NettoError as error:
        assert error.remedy
    settle(folder, one, digest)


@pytest.mark.parametrize("name", HARMLESS)
def test_it_costs_a_look_and_no_data(name: str, folder: Path) -> None:
    one, digest = damage(folder, HARMLESS[name])
    settle(folder, one, digest)


@pytest.mark.parametrize("name", [*FOUND, *HARMLESS])
def test_a_sync_spreads_nothing_wrong_even_when_nobody_verified(name: str, folder: Path) -> None:
    one, digest = damage(folder, {**FOUND, **HARMLESS}[name])
    try:
        with opened(folder) as place:
            place.sync()
    except NettoError as error:
        assert error.remedy
    with opened(folder) as place:
        for found in place.everywhere()[1:]:
            assert found == one
        verify(place.vault, place.replicas, deep=True)
    settle(folder, one, digest)
