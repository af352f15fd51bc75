"""Conversations written as files: where each goes, what is in the way, and what must not leave as it is.

The command line and the app both export through this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from netto_tui.errors import UsageError

if TYPE_CHECKING:
    from netto_tui.vault.reader import Reader
    from netto_tui.vault.rows import ConversationRow, MessageRow
    from netto_tui.vault.vault import Vault

Form = Literal["md", "json", "html", "native"]
FORMS: dict[Form, str] = {"md": "Markdown", "json": "JSON", "html": "HTML", "native": "records"}
"""Every format, and what people call it. native: the records themselves, a line each, as the vault has them."""

PAGE = 500


@dataclass(frozen=True)
class Export:
    """What is to be written: rows to files, one each.

    revealed: credentials as they are, else named. blobs: the folder beside which the large content of records
    goes, None for none.
    """

    rows: Sequence[ConversationRow]
    paths: Sequence[Path]
    form: Form
    revealed: bool
    blobs: Path | None

    @property
    def taken(self) -> list[Path]:
        """The files that are there already, and would be replaced."""
        return [path for path in self.paths if path.exists()]


def plan(
    vault: Vault, rows: Sequence[ConversationRow], target: Path, form: Form, *, revealed: bool, folder: bool
) -> Export:
    """Say which files would be written; nothing is. folder: the target is one, also where it is not there yet.

    Raises UsageError when there is nothing to write.
    """
    from netto_tui.export import file_name

    if not rows:
        raise UsageError("There is nothing to export.", remedy="See: netto-tui list")
    folder = folder or target.is_dir()
    paths = [target / file_name(row, form, vault.zone) if folder else target for row in rows]
    return Export(rows, paths, form, revealed, target if form == "native" and folder else None)


def write(
    vault: Vault, reader: Reader, export: Export, told: Callable[[int], object] = lambda done: None
) -> Iterator[Path]:
    """Write file after file, each whole or not at all; what is there is replaced, so look at `taken` first.

    told: called with how many are written. Raises UsageError for records that hold a credential and are not
    to be revealed, OSError where the disk does not take them.
    """
    from netto_tui.files import make_folder, open_new

    if export.form == "native" and not export.revealed:
        check_native(vault, export.rows)
    make_folder(export.paths[0].parent)
    for done, (row, path) in enumerate(zip(export.rows, export.paths, strict=True), 1):
        temporary = path.with_name(f".{path.name}.part")
        temporary.unlink(missing_ok=True)  # of a run that was stopped, or a link that somebody put there
        with open(open_new(temporary), "wb") as file:
            file.writelines(pieces(vault, reader, row, export.form, export.revealed))
        temporary.replace(path)
        if export.blobs is not None:
            _add_blobs(vault, row, export.blobs)
        told(done)
        yield path


def check_native(vault: Vault, rows: Iterable[ConversationRow]) -> None:
    """Raises UsageError where a record or a file beside it holds a credential: records are written as they are."""
    from netto_tui.sync.withholding import holds_credential

    for row in rows:
        if any(holds_credential(vault, record) for record in vault.records(row.conversation)):
            raise UsageError(
                f"The records of {row.conversation} hold a credential, and this format writes them as they are.",
                remedy="Choose md, json or html, which name credentials instead, or reveal them (--reveal-secrets).",
            )


def _add_blobs(vault: Vault, row: ConversationRow, target: Path) -> None:
    """Put the large content of a conversation beside its records, under the names that they use."""
    from netto_tui.files import atomic_write
    from netto_tui.model.revision import body_blobs

    for sha256 in {name for record in vault.records(row.conversation) for name in body_blobs(record.rev.body)}:
        path = target / "blobs" / sha256[:2] / sha256[2:]
        data = None if path.exists() else vault.blobs.get(sha256)
        if data is not None:
            atomic_write(path, data, durable=False)


def pieces(vault: Vault, reader: Reader, row: ConversationRow, form: Form, revealed: bool) -> Iterator[bytes]:
    """The bytes of one conversation in a format."""
    from netto_tui import export

    texts: Iterable[str]
    match form:
        case "native":
            yield from (record.line + b"\n" for record in vault.records(row.conversation))
            return
        case "json":
            texts = [export.json_text(export.transcript(row, shown(reader, row, revealed)))]
        case "html":
            texts = export.page(row, shown(reader, row, revealed), vault.zone)
        case _:
            texts = export.markdown(row, shown(reader, row, revealed), vault.zone)
    for text in texts:
        yield text.encode()


def shown(reader: Reader, row: ConversationRow, revealed: bool) -> Iterator[MessageRow]:
    """The messages of a conversation that its source shows."""
    return (concealed(message, revealed) for message in pages(reader, row.conversation) if not message.hidden)


def pages(reader: Reader, conversation: str) -> Iterator[MessageRow]:
    """Every message of a conversation in reading order, a page at a time, with all of what it says."""
    from netto_tui.vault.records import whole

    offset = 0
    while page := reader.messages(conversation, offset, PAGE):
        yield from whole(reader, conversation, page)
        offset += PAGE


def concealed(message: MessageRow, revealed: bool) -> MessageRow:
    """A message as it may be shown: with its credentials named, unless a person asked to see them."""
    if revealed:
        return message
    from dataclasses import replace

    from netto_tui.security.redact import mask

    return replace(message, text=mask(message.text), author=mask(message.author))
