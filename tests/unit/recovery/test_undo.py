"""Undo points: what was said before something drastic is said again; nothing is taken out."""

from __future__ import annotations

import pytest

from netto_tui.errors import UsageError
from netto_tui.model.revision import Message, Stamp, Text, mint
from netto_tui.recovery import undo
from netto_tui.recovery.restore import restore
from netto_tui.vault import writing
from tests.unit.sync.given import Device, here
from tests.unit.vault.talks import talk

NAME, ITEM = talk(1)[1].rev.conversation, talk(1)[1].rev.item
OTHER = (talk(2)[1].rev.conversation, talk(2)[1].rev.item)


def says(device: Device, conversation: str = NAME, item: str = ITEM) -> set[str]:
    """What the versions of an item say."""
    return {head.text for head in writing.heads_of(device.vault, conversation, item)}


def fork(device: Device) -> None:
    """Two devices say something else at the same time."""
    (root,) = device.vault.item(NAME, ITEM).heads
    for text, by in (("Boil them.", "x"), ("Fry them, with butter.", "y")):
        stamp = Stamp("2026-11-23T10:00:00.000Z", 0, by)
        device.vault.add([mint(NAME, ITEM, Message("user", (Text(text),)), stamp, [root.id])])


def test_an_edit_is_undone_and_both_stay_in_the_set(device: Device) -> None:
    undo.keep_heads(device.vault, "resolve", [(NAME, ITEM), OTHER])
    writing.edit(device.vault, NAME, ITEM, "good morning")
    before = here(device.vault)
    assert undo.undo(device.vault) == 1
    assert says(device) == {"hello 1.0"}
    assert here(device.vault) > before
    assert undo.undo(device.vault) == 0


def test_a_conflict_that_was_resolved_is_one_again_with_the_same_versions(device: Device) -> None:
    fork(device)
    undo.keep_heads(device.vault, "resolve", [(NAME, ITEM)])
    heads = writing.heads_of(device.vault, NAME, ITEM)
    writing.resolve(device.vault, NAME, ITEM, writing.chosen(heads, "latest"))
    assert len(says(device)) == 1
    assert undo.undo(device.vault) == 1
    assert says(device) == {"Boil them.", "Fry them, with butter."}
    with device.vault.reader() as reader:
        assert [(row.conversation, row.item) for row in reader.conflicts()] == [(NAME, ITEM)]


def test_a_deletion_is_undone_and_one_that_was_there_before_stays(device: Device) -> None:
    writing.delete(device.vault, *OTHER)
    undo.keep_heads(device.vault, "resolve", [(NAME, ITEM), OTHER])
    writing.delete(device.vault, NAME, ITEM)
    assert undo.undo(device.vault) == 1
    assert says(device) == {"hello 1.0"}
    assert says(device, *OTHER) == {""}


def test_a_point_is_chosen_by_its_name_and_is_the_latest_otherwise(device: Device) -> None:
    first = undo.keep_heads(device.vault, "resolve", [(NAME, ITEM)])
    device.time.pass_minutes(1)
    writing.edit(device.vault, NAME, ITEM, "second")
    undo.keep_heads(device.vault, "restore", [(NAME, ITEM), OTHER])
    writing.edit(device.vault, NAME, ITEM, "third")
    assert [(point.what, point.items) for point in undo.points(device.vault)] == [("restore", 2), ("resolve", 1)]
    assert [point.at for point in undo.points(device.vault)] == [
        "2026-11-23T12:01:00.000+00:00",
        "2026-11-23T12:00:00.000+00:00",
    ]
    undo.undo(device.vault)
    assert says(device) == {"second"}
    undo.undo(device.vault, first.removeprefix("undo/"))
    assert says(device) == {"hello 1.0"}


def test_the_undoing_reaches_the_other_devices(device: Device) -> None:
    undo.keep_heads(device.vault, "resolve", [(NAME, ITEM)])
    writing.edit(device.vault, NAME, ITEM, "good morning")
    device.sync()
    undo.undo(device.vault)
    device.sync()
    phone = Device(device.stores, "phone")
    phone.sync()
    assert says(phone) == {"hello 1.0"}
    phone.vault.close()


def test_there_is_a_clear_answer_when_there_is_nothing_to_undo(device: Device) -> None:
    assert undo.keep_heads(device.vault, "resolve", []) == ""
    assert undo.keep_heads(device.vault, "restore", [(NAME, "m_" + "0" * 32)]) == ""
    for name in ("", "20200101T000000000000Z", "../../etc"):
        with pytest.raises(UsageError, match="no such undo point"):
            undo.undo(device.vault, name)


def test_points_are_kept_for_thirty_days_and_go_when_the_next_one_is_made(device: Device) -> None:
    old = restore(device.vault, device.open("disk")).undo
    device.time.pass_minutes(1)
    undo.keep_heads(device.vault, "resolve", [(NAME, ITEM)])
    device.time.pass_minutes(30 * 24 * 60 - 1)
    undo.expire(device.vault)
    assert len(undo.points(device.vault)) == 2
    device.time.pass_minutes(1)
    undo.keep_heads(device.vault, "resolve", [OTHER])
    assert [point.items for point in undo.points(device.vault)] == [1, 1]
    assert not (device.vault.path / old).exists()
    device.time.pass_minutes(31 * 24 * 60)
    last = restore(device.vault, device.open("disk")).undo
    assert [f"undo/{point.name}" for point in undo.points(device.vault)] == [last]
