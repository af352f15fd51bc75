"""What a person decides about a vault: its replicas, its sources, and how they are kept equal.

It lies in `config.toml` in the vault. The vault's id, this device's name and the time zone do not:
they are the vault's identity, made once (`.netto/vault.json`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from netto_tui.errors import UsageError
from netto_tui.files import atomic_write
from netto_tui.model.policy import Policy

RESERVED_NAMES = ("local", "latest", "both")
"""What a replica cannot be called, since commands mean something else by it."""

HEAD = "# The settings of a netto-tui vault. netto-tui writes this file anew; comments are not kept.\n\n"

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")

Minutes = Annotated[int, Meta(ge=1, le=7 * 24 * 60)]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What only some kinds of replicas look at.

    api_url: of GitHub Enterprise Server, such as `https://github.example.com/api/v3`. database: of
    Firestore, when it is not the default one. daily_reads, daily_writes: how many documents of
    Firestore a day may cost, 0 for no limit; the free tier unless it says something else.
    """

    api_url: str = ""
    database: str = ""
    daily_reads: Annotated[int, Meta(ge=0)] = 50_000
    daily_writes: Annotated[int, Meta(ge=0)] = 20_000


@dataclass(frozen=True)
class ReplicaConfig(Options):
    """One replica. kind: as in replicas.registry; one that is not there shows when the replica is opened.

    target: a folder, a Git repository's path or URL, OWNER/REPO of GitHub, or PROJECT/UID of Firestore.
    plain: everything lies there as it is, for all to read who can reach the place; else it is sealed.
    allow_secrets: what holds a credential goes to a plain replica on another machine as well.
    paused: no pass goes over it until a person resumes it. unknown: keys of other versions.
    """

    name: str
    kind: str
    target: str
    plain: bool = False
    allow_secrets: bool = False
    paused: bool = False
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def screened(self) -> bool:
        """Whether what holds a credential is left out: on a plain replica that is not in the person's own files."""
        return self.plain and not self.allow_secrets and not is_path(self.kind, self.target)


@dataclass(frozen=True)
class SourceConfig:
    """One place from which conversations are captured; kind "" means that it shows by itself."""

    path: str
    kind: str = ""
    unknown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Config:
    """The settings of one vault.

    policy: what is done with what was written apart, see model.merge. quiet_minutes: after that long
    without a change a conversation belongs to stable data. interval_minutes: between two passes;
    without a success in two of them a replica shows a fault. theme: of the app, "" for its own. keys: other
    keys for actions of the app, by the action's id, several with commas. unknown: keys of other versions, kept.
    """

    policy: Policy = "merge"
    quiet_minutes: Minutes = 15
    interval_minutes: Minutes = 30
    theme: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    replicas: tuple[ReplicaConfig, ...] = ()
    sources: tuple[SourceConfig, ...] = ()
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence for each setting that this version does not understand; all are kept."""
        tables = [("", self.unknown), *((f"replica {r.name}: ", r.unknown) for r in self.replicas)]
        tables += [(f"source {s.path}: ", s.unknown) for s in self.sources]
        return tuple(
            f"{where}“{key}” is no setting of this version; it is kept." for where, table in tables for key in table
        )

    def with_replica(self, replica: ReplicaConfig) -> Config:
        """The same settings and one more replica. Raises UsageError for a name that cannot be."""
        _check_replicas((*self.replicas, replica), "the request")
        return replace(self, replicas=(*self.replicas, replica))

    def with_paused(self, names: Collection[str], paused: bool) -> Config:
        """The same settings with some replicas, or all for none named, paused or resumed. Raises UsageError."""
        chosen = {self.replica(name).name for name in names} or {each.name for each in self.replicas}
        replicas = (replace(each, paused=paused) if each.name in chosen else each for each in self.replicas)
        return replace(self, replicas=tuple(replicas))

    def replica(self, name: str) -> ReplicaConfig:
        """The replica of a name. Raises UsageError, with the names there are, when there is none."""
        for found in self.replicas:
            if found.name == name:
                return found
        names = ", ".join(found.name for found in self.replicas)
        raise UsageError(
            f"There is no replica “{name}”.",
            remedy=f"There are: {names}." if names else "Add one with: netto-tui init --replica NAME=KIND:TARGET",
        )


def parse_replica(text: str, base: Path) -> ReplicaConfig:
    """Read NAME=KIND:TARGET; a path becomes absolute, seen from `base`. Raises UsageError."""
    match = re.fullmatch(r"([^=]*)=([^:]*):(.+)", text)
    if match is None:
        raise UsageError(
            f"“{text}” does not describe a replica.",
            remedy="Write NAME=KIND:TARGET, such as disk=folder:/mnt/disk/netto or github=github:OWNER/REPO.",
        )
    name, kind, target = match.groups()
    if is_path(kind, target):
        target = str((base / Path(target).expanduser()).absolute())
    replica = ReplicaConfig(name, kind, target)
    _check_replicas((replica,), "the request")
    return replica


def is_path(kind: str, target: str) -> bool:
    """Whether a replica lies in the files of this machine, or of a disk that is mounted here."""
    return kind == "folder" or (kind == "git" and not is_url(target))


def shown(target: str) -> str:
    """A target as people may see it: without the name and the password that its URL may carry."""
    return re.sub(r"(?<=://)[^/@\s]*@", "", target)


def is_url(target: str) -> bool:
    """Whether a Git target is a remote: scheme://…, or host:path as ssh writes it."""
    return "://" in target or re.match(r"[^/\s]+:(?!\\)", target) is not None


def load(path: Path) -> Config:
    """Read a configuration; one that is not there is the default.

    Raises UsageError naming the line or the key that is wrong, and what is allowed.
    """
    try:
        table = tomllib.loads(path.read_bytes().decode())
    except (FileNotFoundError, NotADirectoryError):
        return Config()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", remedy="Correct it there.") from error
    try:
        config = _convert(table, Config)
        config = replace(
            config,
            replicas=tuple(_convert(one, ReplicaConfig, f"replicas[{n}].") for n, one in _tables(table, "replicas")),
            sources=tuple(_convert(one, SourceConfig, f"sources[{n}].") for n, one in _tables(table, "sources")),
        )
        _check_replicas(config.replicas, str(path))
    except ValueError as error:
        raise UsageError(f"{path}: {error}.", remedy="Correct it there, or take the line out.") from error
    return config


def save(path: Path, config: Config) -> None:
    """Write a configuration in one step. Raises OSError."""
    import tomli_w

    table: dict[str, Any] = {**config.unknown, **_known(config)}
    table["replicas"] = [{**one.unknown, **_known(one)} for one in config.replicas]
    table["sources"] = [{**one.unknown, **_known(one)} for one in config.sources]
    table = {key: value for key, value in table.items() if value != []}
    atomic_write(path, (HEAD + tomli_w.dumps(table)).encode())


def pause(path: Path, names: Collection[str], paused: bool) -> Config:
    """Have replicas, all for none named, left alone from now on, or kept equal again; the new settings.

    Raises UsageError for a name that is not there and settings that cannot be read, OSError.
    """
    config = load(path).with_paused(names, paused)
    save(path, config)
    return config


def write_theme(path: Path, name: str) -> None:
    """Write the name of the app's theme; all else in the file stays as a person wrote it, comments too.

    Raises UsageError for a file that cannot be read, OSError.
    """
    config = load(path)
    text = path.read_bytes().decode() if path.exists() else HEAD
    lines = text.splitlines(keepends=True)
    tables = next((number for number, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    old = [number for number, line in enumerate(lines[:tables]) if re.match(r"\s*theme\s*=", line)]
    first = next((number for number, line in enumerate(lines) if line.strip() and line.lstrip()[0] != "#"), len(lines))
    said = f"theme = {msgspec.json.encode(name).decode()}\n"
    lines[old[0] if old else first : old[0] + 1 if old else first] = [said]
    changed, wanted = "".join(lines), {**tomllib.loads(text), "theme": name}
    try:
        is_right = tomllib.loads(changed) == wanted
    except tomllib.TOMLDecodeError:
        is_right = False
    if is_right:
        atomic_write(path, changed.encode())
    else:  # such as a list over several lines before the first table
        save(path, replace(config, theme=name))


_T = TypeVar("_T", Config, ReplicaConfig, SourceConfig)
_NESTED = ("replicas", "sources", "unknown")


def _tables(table: Mapping[str, Any], key: str) -> list[tuple[int, Mapping[str, Any]]]:
    """The tables of an array, numbered from 1. Raises ValueError for anything else."""
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ValueError(f"“{key}” has to be tables, each begun with [[{key}]]")
    return list(enumerate(found, start=1))


def _convert(table: Mapping[str, Any], kind: type[_T], where: str = "") -> _T:
    """One table as a dataclass, with what it does not know in `unknown`. Raises ValueError naming the key."""
    names = {one.name for one in fields(kind)} - set(_NESTED)
    nested = {"replicas", "sources"} if kind is Config else set[str]()
    try:
        known = msgspec.convert({key: value for key, value in table.items() if key in names}, kind)
    except msgspec.ValidationError as error:
        reason, _, key = str(error).partition(" - at `$.")
        raise ValueError(f"{where}{key.rstrip('`') or 'a key'}: {reason[:1].lower()}{reason[1:]}") from error
    return replace(known, unknown={key: value for key, value in table.items() if key not in names | nested})


def _known(table: Config | ReplicaConfig | SourceConfig) -> dict[str, Any]:
    """Everything that is said; of the options only those that are not as they are anyway."""
    usual = {one.name: one.default for one in fields(Options)}
    found = {one.name: getattr(table, one.name) for one in fields(table) if one.name not in _NESTED}
    for choice in ("plain", "allow_secrets", "paused", "theme", "keys"):
        if choice in found and not found[choice]:
            del found[choice]
    return {name: value for name, value in found.items() if name not in usual or value != usual[name]}


def _check_replicas(replicas: tuple[ReplicaConfig, ...], where: str) -> None:
    """Raises UsageError for a name that is taken or out of form, or a target or kind that is empty."""
    seen: set[str] = set()
    for replica in replicas:
        if not _NAME.fullmatch(replica.name) or replica.name in RESERVED_NAMES:
            raise UsageError(
                f"In {where}, a replica cannot be called “{replica.name}”.",
                remedy=f"Use up to 32 of a-z, 0-9, - and _, but not {', '.join(RESERVED_NAMES)}.",
            )
        if replica.name in seen:
            raise UsageError(f"In {where}, two replicas are called “{replica.name}”.", remedy="Rename one of them.")
        if not (replica.target and replica.kind):
            raise UsageError(
                f"In {where}, replica {replica.name} has no kind or no target.", remedy="Say where it lies."
            )
        seen.add(replica.name)
