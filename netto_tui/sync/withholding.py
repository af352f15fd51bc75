"""What stays off a plain replica because it holds a credential; the record itself is never changed.

A replica is screened where everything lies as it is on somebody else's machine. What is there already stays:
a credential that left this machine is out, and has to be changed at its source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netto_tui.model.revision import Record, body_blobs
from netto_tui.security import redact
from netto_tui.sync.context import Context
from netto_tui.sync.ledger import Due
from netto_tui.vault.vault import Vault

REASON = (
    "A message holds a credential, and this replica is not sealed; the message stays here, all else is written."
    " To send it there: allow_secrets = true, in the replica's table in config.toml."
)

_LOOKED_AT_FOR_BINARY = 8192


class Withholding:
    """Finds, for one push, what is not written."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._screened = context.replica.envelope.screened

    def of(self, due: Due, records: Sequence[Record], fresh: set[str]) -> Mapping[str, str]:
        """The ids of records to be left out, with the reason; fresh: those that are not known to be there."""
        if not self._screened:
            return {}
        vault = self._context.vault
        found = {record.id for record in records if record.id in fresh and holds_credential(vault, record)}
        if not found:
            return {}
        return dict.fromkeys(found - self._there(due.name), REASON)

    def _there(self, conversation: str) -> set[str]:
        """The records of a conversation that the replica has."""
        context = self._context
        return {
            record.id for held in context.replica.read([context.stored_name(conversation)]) for record in held.records
        }

    def title(self, title: str) -> str:
        """A title as the replica's history may tell it: one line of at most 72 characters."""
        shown = redact.mask(title) if self._screened else title
        return " ".join(shown.split())[:72]


def release(context: Context) -> None:
    """Have conversations written whole after all, where the replica takes now what was left out of them."""
    if context.replica.envelope.screened:
        return
    kept = context.host_withheld().keys()
    for name in sorted(context.ledger.withheld()):
        records = context.vault.records(name)
        if not any({record.id, *body_blobs(record.rev.body)} & kept for record in records):
            context.ledger.withhold({name: ""})


def holds_credential(vault: Vault, record: Record) -> bool:
    """Whether anything that a record says, or a text that it keeps beside it, is a credential."""
    line = record.raw.decode("utf-8", "replace")
    if redact.has_secret(line) or redact.has_secret("\n".join(_strings(record))):
        return True
    return any(_blob_holds_one(vault, name) for name in body_blobs(record.rev.body))


def _strings(record: Record) -> Iterator[str]:
    """Every text in a record, without the signs that JSON puts into it."""
    import msgspec

    waiting: list[Any] = [msgspec.json.decode(record.raw)]
    while waiting:
        match waiting.pop():
            case str(text):
                yield text
            case dict(fields):
                waiting.extend(fields.values())
            case list(values):
                waiting.extend(values)


def _blob_holds_one(vault: Vault, name: str) -> bool:
    from netto_tui.errors import InvalidRecord

    try:
        data = vault.blobs.get(name) or b""
    except InvalidRecord:
        return False  # a damaged one is not copied at all
    return b"\0" not in data[:_LOOKED_AT_FOR_BINARY] and redact.has_secret(data.decode("utf-8", "replace"))
