"""What a person writes becomes revisions: messages, edits, deletions, decisions."""

from __future__ import annotations

import msgspec
import pytest

from netto_tui.errors import UsageError
from netto_tui.model.conversation import body_text
from netto_tui.model.revision import Deleted, Message, Record, Text, ToolCall, mint
from netto_tui.recovery.index_check import index_faults
from netto_tui.vault import writing
from netto_tui.vault.vault import Vault
from tests.unit.vault.talks import Time, bodies


def texts(vault: Vault, conversation: str) -> list[str]:
    with vault.reader() as reader:
        return [row.text for row in reader.messages(conversation)]


def diverge(vault: Vault, *said: str, by: tuple[str, ...] = ("disk", "history", "cloud")) -> Record:
    """A message that several devices replaced by different words, each brought by another replica."""
    record = writing.log(vault, None, "user", "What shall we plant? Beans.", title="Garden")
    for text, origin in zip(said, by, strict=False):
        body = writing.with_text(record.rev.body, text)
        stamp = vault.clock.stamp()._replace(by=f"of-{origin}")
        vault.add([mint(record.rev.conversation, record.rev.item, body, stamp, [record.id])], origin=origin)
    return record


def test_a_conversation_begins_and_goes_on(vault: Vault, time: Time) -> None:
    first = writing.log(vault, None, "user", "hello", title="Greetings", author="Ada")
    name = first.rev.conversation
    time.pass_minutes(1)
    second = writing.log(vault, name[:12], "assistant", "hi there")
    assert isinstance(second.rev.body, Message)
    assert second.rev.body.parent == first.rev.item
    assert texts(vault, name) == ["hello", "hi there"]
    with vault.reader() as reader:
        row = reader.conversation(name)
    assert row is not None
    assert (row.title, row.messages, row.source) == ("Greetings", 2, "netto")
    assert first.rev.by == vault.device


def test_a_clock_that_runs_back_does_not_turn_a_conversation_around(vault: Vault, time: Time) -> None:
    name = writing.log(vault, None, "user", "one").rev.conversation
    for text in ("two", "three"):
        time.pass_minutes(-60)
        writing.log(vault, name, "user", text)
    assert texts(vault, name) == ["one", "two", "three"]


def test_a_title_names_a_conversation_once(vault: Vault) -> None:
    name = writing.log(vault, None, "user", "one").rev.conversation
    writing.log(vault, name, "user", "two", title="Later")
    count = len(bodies(vault))
    writing.log(vault, name, "user", "three", title="Later")
    assert len(bodies(vault)) == count + 1
    with vault.reader() as reader:
        row = reader.conversation(name)
        assert row is not None
        assert row.title == "Later"


@pytest.mark.parametrize("name", ["c_" + "0" * 32, "zebra", "", "c_", "%", "c_%"])
def test_a_conversation_that_is_not_here_is_named_in_the_error(vault: Vault, name: str) -> None:
    writing.log(vault, None, "user", "one")
    writing.log(vault, None, "user", "two")
    with pytest.raises(UsageError) as caught:
        writing.log(vault, name, "user", "hello")
    assert "netto-tui list" in caught.value.remedy


def test_an_edit_replaces_the_words_and_keeps_the_rest(vault: Vault) -> None:
    record = writing.log(vault, None, "assistant", "before")
    body = record.rev.body
    assert isinstance(body, Message)
    call = ToolCall(name="search", arguments={"q": "beans"})
    whole = msgspec.structs.replace(body, parts=(call, Text("before"), Text("and more")))
    with_call = writing.resolve(vault, record.rev.conversation, record.rev.item, whole)
    edited = writing.edit(vault, record.rev.conversation, record.rev.item, "after")
    assert isinstance(edited.rev.body, Message)
    assert edited.rev.body.parts == (call, Text("after"))
    assert edited.rev.replaces == (with_call.id,)
    assert vault.item(record.rev.conversation, record.rev.item).value.record.id == edited.id
    assert len(vault.item(record.rev.conversation, record.rev.item).records) == 3


def test_a_deletion_leaves_the_views_and_keeps_every_revision(vault: Vault) -> None:
    first = writing.log(vault, None, "user", "one")
    name = first.rev.conversation
    second = writing.log(vault, name, "user", "two")
    writing.delete(vault, name, first.rev.item, reason="a slip")
    assert texts(vault, name) == ["two"]
    assert bytes.fromhex(first.id) in bodies(vault)
    with pytest.raises(UsageError, match="deleted"):
        writing.edit(vault, name, first.rev.item, "x")
    writing.delete(vault, name)
    assert texts(vault, name) == []
    with vault.reader() as reader:
        assert reader.totals().conversations == 0
    assert writing.delete(vault, name) == []
    assert bytes.fromhex(second.id) in bodies(vault)
    assert index_faults(vault) == []


def test_versions_tell_which_replica_brought_them(vault: Vault) -> None:
    record = diverge(vault, "Peas!", "Corn!")
    heads = writing.heads_of(vault, record.rev.conversation, record.rev.item)
    assert [(head.text, head.replicas) for head in heads] == [("Peas!", ("disk",)), ("Corn!", ("history",))]
    vault.add([heads[0].record], origin="cloud")
    heads = writing.heads_of(vault, record.rev.conversation, record.rev.item)
    assert heads[0].replicas == ("cloud", "disk")


def test_what_was_written_here_stays_ours_when_a_replica_has_it_too(vault: Vault) -> None:
    record = writing.log(vault, None, "user", "one")
    vault.add([record], origin="disk")
    assert writing.heads_of(vault, record.rev.conversation, record.rev.item)[0].replicas == ("local",)


def test_a_choice_names_a_version(vault: Vault) -> None:
    record = diverge(vault, "Peas!", "Corn!")
    heads = writing.heads_of(vault, record.rev.conversation, record.rev.item)
    assert body_text(writing.chosen(heads, "latest")) == "Corn!"
    assert body_text(writing.chosen(heads, "disk")) == "Peas!"
    assert body_text(writing.chosen(heads, heads[0].record.id[:8])) == "Peas!"
    assert body_text(writing.chosen(heads, "both")) == "Peas!\n\nCorn!"
    for wrong in ("cloud", "", "nonsense", heads[0].record.id[:5]):
        with pytest.raises(UsageError, match="No version"):
            writing.chosen(heads, wrong)


def test_a_decision_replaces_every_version_and_keeps_them_readable(vault: Vault) -> None:
    record = diverge(vault, "Peas!", "Corn!", "Oats!")
    name, item = record.rev.conversation, record.rev.item
    with vault.reader() as reader:
        assert [(row.item, row.versions, row.kind) for row in reader.conflicts()] == [(item, 3, "edit")]
    heads = writing.heads_of(vault, name, item)
    before = bodies(vault)
    decided = writing.resolve(vault, name, item, writing.chosen(heads, "both"))
    assert set(decided.rev.replaces) == {head.record.id for head in heads}
    assert texts(vault, name) == ["Peas!\n\nCorn!\n\nOats!"]
    assert before < bodies(vault)
    with vault.reader() as reader:
        assert reader.conflicts() == []


def test_an_edit_beside_a_deletion_lives_and_is_flagged(vault: Vault) -> None:
    record = diverge(vault, "Peas!")
    name, item = record.rev.conversation, record.rev.item
    stamp = vault.clock.stamp()
    vault.add([mint(name, item, Deleted(), stamp._replace(by="phone"), [record.id])])
    assert texts(vault, name) == ["Peas!"]
    with vault.reader() as reader:
        assert [row.kind for row in reader.conflicts()] == ["edit-vs-delete"]
    writing.resolve(vault, name, item, Deleted())
    assert texts(vault, name) == []
    assert writing.both([record.rev.body]) == record.rev.body
    with pytest.raises(UsageError, match="Every version is a deletion"):
        writing.both([])


def test_an_edit_of_one_version_leaves_the_other_a_conflict(vault: Vault) -> None:
    record = diverge(vault, "Peas!", "Corn!")
    name, item = record.rev.conversation, record.rev.item
    writing.edit(vault, name, item, "Sweet corn!")
    assert {head.text for head in writing.heads_of(vault, name, item)} == {"Peas!", "Sweet corn!"}
    assert vault.item(name, item).conflict == "edit"


def test_what_combines_cleanly_is_merged_the_same_everywhere(vault: Vault) -> None:
    record = writing.log(vault, None, "user", "What shall we plant? Beans. Where? In the garden.")
    for origin, text in (
        ("disk", "We plant. Beans. Where? In the garden."),
        ("cloud", "What shall we plant? Beans. Where? Here."),
    ):
        body = writing.with_text(record.rev.body, text)
        stamp = vault.clock.stamp()._replace(by=origin)
        vault.add([mint(record.rev.conversation, record.rev.item, body, stamp, [record.id])], origin=origin)
    name, item = record.rev.conversation, record.rev.item
    assert vault.merge() == 1
    assert texts(vault, name) == ["We plant. Beans. Where? Here."]
    assert vault.merge() == 0
    merged = vault.item(name, item).value.record
    assert merged.rev.by == "merge"
