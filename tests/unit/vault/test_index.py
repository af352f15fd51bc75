"""The index follows from the set of records alone, and can be thrown away."""

from __future__ import annotations

from pathlib import Path
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netto_tui.model.conversation import items
from netto_tui.model.revision import ABOUT, Document, Message, Record
from netto_tui.recovery.index_check import index_faults
from netto_tui.vault.vault import Vault
from tests.unit.vault.histories import histories
from tests.unit.vault.talks import cut, dump, new_vault, scratch, talk

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
sizes = st.lists(st.integers(1, 5), max_size=4)


def filled(path: Path, records: list[Record], parts: list[int]) -> Vault:
    vault = new_vault(path)
    for part in cut(records, parts):
        vault.add(part)
    return vault


@FEW
@given(histories(), st.randoms(use_true_random=False), sizes, sizes)
def test_any_order_and_any_batches_of_the_same_records_give_the_same_index(
    records: list[Record], random: Random, one: list[int], other: list[int]
) -> None:
    shuffled = list(records)
    random.shuffle(shuffled)
    with scratch() as folder, filled(folder / "a", records, one) as a, filled(folder / "b", shuffled, other) as b:
        assert dump(a) == dump(b)
        assert a.digest() == b.digest()


@FEW
@given(histories(), sizes)
def test_an_index_grown_step_by_step_is_the_one_made_anew_from_the_files(
    records: list[Record], parts: list[int]
) -> None:
    with scratch() as folder, filled(folder / "a", records, parts) as vault:
        assert index_faults(vault) == []
        before, digest = dump(vault, places=True), vault.digest()
        vault.rebuild_index()
        assert dump(vault, places=True) == before
        assert vault.digest() == digest


@FEW
@given(histories(), sizes)
def test_heads_and_values_in_the_index_are_those_of_the_model(records: list[Record], parts: list[int]) -> None:
    with scratch() as folder, filled(folder / "a", records, parts) as vault:
        for conversation in {record.rev.conversation for record in records}:
            theirs = [record for record in records if record.rev.conversation == conversation]
            for name, item in items(theirs).items():
                known = vault.known(conversation, [name])[name]
                assert {each.id for each in known if each.head} == {head.id for head in item.heads}
                assert vault.item(conversation, name).value.record.id == item.value.record.id
                rows = vault.sql.execute(
                    "SELECT revision, conflict FROM messages JOIN conversations ON conversations.id = conversation"
                    " WHERE name = ? AND item = ?",
                    (conversation, name),
                ).fetchall()
                is_shown = isinstance(item.value.body, Message | Document) and name != ABOUT
                assert rows == [(bytes.fromhex(item.value.record.id), item.conflict)] * is_shown


@FEW
@given(histories(), st.data())
def test_reading_a_conversation_again_changes_no_row(records: list[Record], data: st.DataObject) -> None:
    from netto_tui.vault.reconcile import reindex

    with scratch() as folder, filled(folder / "a", records, [3]) as vault:
        before = dump(vault, places=True)
        name = data.draw(st.sampled_from(sorted({record.rev.conversation for record in records})))
        with vault.transaction():
            assert reindex(vault, name) == []
        assert dump(vault, places=True) == before


def test_the_comparison_notices_a_changed_row_in_every_table() -> None:
    for table, change in {
        "conversations": "UPDATE conversations SET title = 'x'",
        "revisions": "UPDATE revisions SET head = 0 WHERE item <> 'about'",
        "messages": "UPDATE messages SET text = 'x' WHERE role = 'user'",
        "words": "INSERT INTO words (words, rowid, text) SELECT 'delete', id, text FROM messages LIMIT 1",
        "edges": "INSERT INTO edges VALUES (x'00', x'01')",
        "blobs": "INSERT INTO blobs VALUES (x'00', 1)",
        "conflicts": "INSERT INTO conflicts VALUES (1, 'm', 'edit')",
    }.items():
        with scratch() as folder, filled(folder / "a", talk(1), [2]) as vault:
            assert index_faults(vault) == []
            vault.sql.execute(change)
            assert index_faults(vault), table
