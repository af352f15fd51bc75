"""Making the index agree with the session files: after a crash, a loss, a flipped bit, or from nothing.

The files are the truth. What the index claims and they no longer hold is put on the list of
wanted conversations, which sync brings back from any replica that has them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from netto_tui.errors import InvalidRecord, NewerFormat, VaultError
from netto_tui.files import atomic_write
from netto_tui.vault import schema, sessions
from netto_tui.vault.identity import Identity, load_identity, save_identity
from netto_tui.vault.quarantine import Quarantine

if TYPE_CHECKING:
    from netto_tui.vault.vault import Vault

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def recover_identity(path: Path) -> Identity:
    """The vault's identity, from the copy in the index when its own file is damaged or gone.

    Raises VaultError when neither can be read, NewerFormat when a newer version wrote it.
    """
    file = path / ".netto" / "vault.json"
    try:
        return load_identity(path)
    except InvalidRecord as error:
        Quarantine(path / "quarantine").keep(str(file.relative_to(path)), file.read_bytes(), error.message)
    except NewerFormat:
        raise
    except VaultError:
        if not (path / "index.db").is_file():
            raise
    try:
        copy = sqlite3.connect(f"{(path / 'index.db').absolute().as_uri()}?mode=ro", uri=True)
        try:
            values = dict(copy.execute("SELECT key, value FROM meta WHERE key IN ('vault', 'device', 'zone')"))
        finally:
            copy.close()
        identity = Identity(values["vault"], values["device"], values["zone"])
    except (sqlite3.DatabaseError, KeyError) as error:
        raise VaultError(
            f"The identity of the vault in {path} is damaged, and so is its copy.",
            remedy="The records are untouched. Make a vault elsewhere with init and restore from a replica.",
        ) from error
    save_identity(path, identity)
    return identity


def open_index(vault: Vault) -> sqlite3.Connection:
    """Open the index for writing; one that cannot be read is set aside and made anew."""
    path = vault.path / "index.db"
    if (vault.path / ".netto" / "rebuild").exists():
        set_index_aside(vault)
    try:
        connection = schema.connect_writer(path)
    except sqlite3.DatabaseError:
        set_index_aside(vault)
        connection = schema.connect_writer(path)
    identity = vault.identity
    for item in (("vault", identity.vault), ("device", identity.device), ("zone", identity.zone)):
        connection.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", item)
    return connection


def set_index_aside(vault: Vault) -> None:
    """Keep a damaged index in quarantine, so that the next opening makes a new one."""
    for suffix in ("", "-wal", "-shm"):
        file = vault.path / f"index.db{suffix}"
        if file.exists():
            vault.quarantine.keep(file.name, file.read_bytes(), "The index is damaged.")
            file.unlink()
    (vault.path / ".netto" / "rebuild").unlink(missing_ok=True)


def reconcile(vault: Vault) -> None:
    """On opening: look at what a crash or somebody else may have changed.

    Compares when each day's folder last changed; that costs one look per day, not per conversation.
    After a reboot, which may have been a power cut, it compares the size of every file as well.
    """
    recover_pending(vault)
    with vault.transaction() as sql:
        boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
        known_boot = sql.execute("SELECT value FROM meta WHERE key = 'boot'").fetchone()
        rebooted = known_boot is None or known_boot[0] != boot
        known = dict(sql.execute("SELECT day, folder_mtime FROM days"))
        found = dict(sessions.folders(vault.sessions))
        for day in sorted(known.keys() | found.keys()):
            if rebooted or known.get(day) != found.get(day):
                reconcile_day(vault, day)
        if rebooted:
            sql.execute("INSERT OR REPLACE INTO meta VALUES ('boot', ?)", (boot,))


def reconcile_day(vault: Vault, day: str) -> None:
    """Bring the conversations filed under a day up to date where their files changed size."""
    rows = vault.sql.execute("SELECT name, size FROM conversations WHERE day = ?", (day,)).fetchall()
    known = {name: size for name, size in rows if size}
    found = sessions.names(vault.sessions, day)
    for name in sorted(known.keys() | found.keys()):
        if known.get(name) != found.get(name):
            reindex(vault, name, [day])
    vault.note_folder(day)


def recover_pending(vault: Vault) -> None:
    """Finish what a writer left when it died. Call under the lock: whoever began is gone."""
    if not vault.sql.execute("SELECT 1 FROM pending LIMIT 1").fetchone():
        return
    with vault.transaction() as sql:
        for name, day in sql.execute("SELECT name, day FROM pending").fetchall():
            reindex(vault, name, [day])
        sql.execute("DELETE FROM pending")


def reindex(vault: Vault, name: str, days: Iterable[str] = ()) -> list[sessions.Bad]:
    """Read a conversation's files again and derive its rows from them; inside a transaction.

    Bad stretches go to quarantine and out of the file. Several files become one. Records that
    the index knew and no file holds make the conversation wanted. Returns the bad stretches.
    """
    entry = vault.index.entry(name)
    places = sorted({*days, *([entry.day] if entry else [])})
    paths = [path for day in places if (path := sessions.path_of(vault.sessions, day, name)).exists()]
    lines: dict[str, sessions.Line] = {}
    bad: list[sessions.Bad] = []
    for path in paths:
        content = sessions.read(path)
        lines.update((line.record.id, line) for line in content.lines)
        for stretch in content.bad:
            where = f"{path.relative_to(vault.path)}@{stretch.start}"
            vault.quarantine.keep(where, stretch.data, stretch.reason)
            bad.append(stretch)
    records = [line.record for line in lines.values()]
    if entry is None and not records:
        return bad
    entry = entry or vault.index.open_entry(name, [record.rev.at for record in records])
    origins = vault.index.clear(entry)
    day = sessions.filed_day(entry, records) if records else entry.day
    target = sessions.path_of(vault.sessions, day, name)
    laid_out = sessions.lay_out(records, 0)
    if bad or paths != [target] or laid_out != list(lines.values()):
        if records:
            atomic_write(target, b"".join(record.line + b"\n" for record in records))
        for path in paths:
            if path != target or not records:
                path.unlink()
    vault.index.refile(entry, day)
    entry.size = sum(line.length + 1 for line in laid_out)
    vault.index.add(entry, laid_out, lambda record: origins.get(record, "local"))
    for place in {day, *places}:
        vault.note_folder(place)
    if origins.keys() - lines.keys():
        reason = "damaged" if bad else "lost"
        vault.sql.execute("INSERT OR REPLACE INTO wanted VALUES (?, ?)", (name, reason))
    return bad
