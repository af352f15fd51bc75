"""`export`: conversations as files for other programs and for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netto_tui.cli import diagnostics, output
from netto_tui.cli.reading import PAGE, concealed, find_row, pages, reveal_option
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.errors import UsageError
from netto_tui.files import atomic_write, make_folder, open_new

if TYPE_CHECKING:
    from netto_tui.vault.reader import Reader
    from netto_tui.vault.rows import ConversationRow, MessageRow
    from netto_tui.vault.vault import Vault


@command("export", short_help="Write conversations as files.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["md", "json", "html", "native"]),
    default="md",
    show_default=True,
    help="native: the records themselves, a line each, as the vault has them; such with credentials in them"
    " are only written with --reveal-secrets.",
)
@click.option(
    "-o", "--output", "target", required=True, metavar="PATH", help="A folder (a file each), a file, or - for stdout."
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@reveal_option
@click.argument("conversations", nargs=-1)
def export(session: Session, conversations: tuple[str, ...], form: str, target: str, force: bool, reveal: bool) -> None:
    """Write CONVERSATIONS, or all of them, as Markdown, JSON, HTML or records.

    PATH is a folder when it is one, when it ends with a slash, or when there are several conversations.
    """
    with session.open() as vault, vault.reader() as reader:
        rows = list(_rows(reader, conversations))
        if not rows:
            raise UsageError("There is nothing to export.", remedy="See: netto-tui list")
        if form == "native" and not reveal:
            _check_native(vault, rows)
        if target == "-":
            _to_stdout(vault, reader, rows, form, reveal)
            return
        written = _to_files(
            vault, reader, rows, form, Path(target), force, reveal, folder=len(rows) > 1 or target.endswith("/")
        )
    if session.json:
        output.document({"files": [str(path) for path in written], "conversations": len(rows)})
    else:
        diagnostics.note(f"Wrote {len(written)} file{'s' * (len(written) != 1)} to {Path(target)}.")


def _rows(reader: Reader, conversations: tuple[str, ...]) -> Iterator[ConversationRow]:
    """The conversations asked for, else every one."""
    from netto_tui.model.query import Query

    for name in conversations:
        yield find_row(reader, name)
    offset = 0
    while not conversations and (page := reader.conversations(Query(), offset, PAGE)):
        yield from page
        offset += PAGE


def _check_native(vault: Vault, rows: list[ConversationRow]) -> None:
    """Raises UsageError where a record or a file beside it holds a credential: records are written as they are."""
    from netto_tui.sync.withholding import holds_credential

    for row in rows:
        if any(holds_credential(vault, record) for record in vault.records(row.conversation)):
            raise UsageError(
                f"The records of {row.conversation} hold a credential, and this format writes them as they are.",
                remedy="Give --reveal-secrets, or choose md, json or html, which name credentials instead.",
            )


def _to_stdout(vault: Vault, reader: Reader, rows: list[ConversationRow], form: str, reveal: bool) -> None:
    if form == "html" and len(rows) > 1:
        raise UsageError("Several pages do not fit into one stream.", remedy="Give -o a folder.")
    if form == "json" and len(rows) > 1:
        from netto_tui.export import transcript

        output.document({"conversations": [transcript(row, _shown(reader, row, reveal)) for row in rows]})
        return
    for row in rows:
        for piece in _pieces(vault, reader, row, form, reveal):
            output.raw(piece)


def _to_files(
    vault: Vault,
    reader: Reader,
    rows: list[ConversationRow],
    form: str,
    target: Path,
    force: bool,
    reveal: bool,
    *,
    folder: bool,
) -> list[Path]:
    from netto_tui.export import file_name

    folder = folder or target.is_dir()
    paths = [target / file_name(row, form, vault.zone) if folder else target for row in rows]
    for path in paths:
        if path.exists() and not force:
            raise UsageError(f"{path} is there already.", remedy="Choose another place, or give --force.")
    make_folder(paths[0].parent)
    for row, path in zip(rows, paths, strict=True):
        temporary = path.with_name(f".{path.name}.part")
        temporary.unlink(missing_ok=True)  # of a run that was stopped, or a link that somebody put there
        with open(open_new(temporary), "wb") as file:
            file.writelines(_pieces(vault, reader, row, form, reveal))
        temporary.replace(path)
        if form == "native" and folder:
            _add_blobs(vault, row, target)
    return paths


def _add_blobs(vault: Vault, row: ConversationRow, target: Path) -> None:
    """Put the large content of a conversation beside its records, under the names that they use."""
    from netto_tui.model.revision import body_blobs

    for sha256 in {name for record in vault.records(row.conversation) for name in body_blobs(record.rev.body)}:
        path = target / "blobs" / sha256[:2] / sha256[2:]
        data = None if path.exists() else vault.blobs.get(sha256)
        if data is not None:
            atomic_write(path, data, durable=False)


def _pieces(vault: Vault, reader: Reader, row: ConversationRow, form: str, reveal: bool) -> Iterator[bytes]:
    from netto_tui import export

    texts: Iterable[str]
    match form:
        case "native":
            yield from (record.line + b"\n" for record in vault.records(row.conversation))
            return
        case "json":
            texts = [export.json_text(export.transcript(row, _shown(reader, row, reveal)))]
        case "html":
            texts = export.page(row, _shown(reader, row, reveal), vault.zone)
        case _:
            texts = export.markdown(row, _shown(reader, row, reveal), vault.zone)
    for text in texts:
        yield text.encode()


def _shown(reader: Reader, row: ConversationRow, reveal: bool) -> Iterator[MessageRow]:
    return (concealed(message, reveal) for message in pages(reader, row.conversation) if not message.hidden)
