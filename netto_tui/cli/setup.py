"""`init` as a conversation: what is asked, in which order, and what is said to each answer."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netto_tui.cli import diagnostics
from netto_tui.cli.session import Session
from netto_tui.config import shown
from netto_tui.errors import Denied, NettoError, UsageError
from netto_tui.security.secret import Secret

if TYPE_CHECKING:
    from netto_tui.config import Config, ReplicaConfig
    from netto_tui.setup.joining import Joined
    from netto_tui.setup.targets import Place
    from netto_tui.setup.trial import Trial

SIGNS = {"ok": "  ok    ", "warn": "  look  ", "bad": "  BAD   "}


def may_ask(session: Session) -> bool:
    """Whether a person can be asked: there is a terminal on both sides, and no program waits for JSON."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not session.json


def given_secrets(wanted: list[ReplicaConfig], token_stdin: bool, credentials: Path | None) -> dict[str, Secret]:
    """The secrets that the options name, by replica. Raises UsageError where there is no replica for one."""
    from netto_tui.setup import trial

    found: dict[str, Secret] = {}
    for kind, option, wished in (
        ("github", "--token-stdin", token_stdin),
        ("firestore", "--credentials", credentials is not None),
    ):
        if wished and not any(each.kind == kind for each in wanted):
            raise UsageError(f"{option} goes with a replica of the kind {kind}.", remedy="Name it with --replica.")
    if token_stdin and sys.stdin.isatty():
        raise UsageError("--token-stdin is for a pipe.", remedy="Leave it out here; init asks for the token.")
    text = sys.stdin.read(10_000) if token_stdin else ""
    for each in wanted:
        if each.kind == "github" and token_stdin:
            found[each.name] = trial.read_secret(each, text, "What came on standard input")
        elif each.kind == "firestore" and credentials is not None:
            found[each.name] = trial.read_key_file(each, credentials)
    return found


def connect(session: Session, each: ReplicaConfig, secret: Secret | None, ask: bool, renew: bool = False) -> None:
    """Try a remote, ask for what opens it if that may be asked, make it if it is not there, keep the secret.

    renew: it is a replica already, and may get a new secret though it has a good one. Raises what is
    wrong with it, when no answer puts that right.
    """
    from netto_tui.setup import trial

    found = _try_out(session, each, secret)
    if ask and renew and secret is None and found.fault is None and not trial.variable_of(each):
        _tell_checks(found, all_of_them=True)
        if not click.confirm(f"The {_secret_words(each)} of {each.name} works. Give it a new one?", err=True):
            return
        trial.check_keyring()
        secret = _ask_secret(each)
        found = _try_out(session, each, secret)
    while ask and trial.may_ask_secret(each, found):
        if secret is None:
            trial.check_keyring()
        diagnostics.note(str(found.fault) if secret is not None else _explain(each))
        secret = _ask_secret(each)
        found = _try_out(session, each, secret)
    if found.fault is not None:
        _tell_checks(found)
        raise found.fault
    if found.absent:
        found = _make(session, each, secret, ask)
    _tell_checks(found, all_of_them=ask)
    if secret is not None:
        _repeat(ask, lambda: trial.keep(each, secret))
        diagnostics.note(f"{each.name}: the {_secret_words(each)} is in the keyring.")
        if variable := trial.variable_of(each):
            diagnostics.note(f"{variable} is set here and goes before it.")


def wizard(session: Session, zone: str, device: str) -> tuple[Joined, bool]:
    """Ask for one replica after the other, and add each; what came of it, and whether the vault is new."""
    from netto_tui.setup import joining

    fresh = joining.is_fresh(session.path)
    settings = session.load_config(may_be_new=True)
    if fresh:
        diagnostics.note(f"Your conversations will be kept in {session.path}, and nowhere else unless you say so.")
    joined: Joined | None = None
    while (place := _choose(settings)) is not None:
        try:
            joined = _add_one(session, settings, place, zone, device) or joined
        except NettoError as error:
            diagnostics.note(f"\n{error}\n")
        settings = joined.settings if joined is not None else settings
    if joined is None:
        nobody = joining.Whose({})
        joined = joining.join(session.path, session.config_path, settings, [], nobody, zone=zone, device=device)
    return joined, fresh


def _add_one(session: Session, settings: Config, place: Place, zone: str, device: str) -> Joined | None:
    """Ask for one replica and add it, or renew what opens it; None for the latter. Raises what is in the way."""
    from netto_tui.cli import sealing
    from netto_tui.setup import joining, targets

    each = _ask_target(settings, place)
    if there := targets.known(settings, each):
        diagnostics.note(f"That is the replica {there.name} already.")
        if place.secret:
            connect(session, there, None, ask=True, renew=True)
        return None
    each, settings = _ask_name(settings, each)
    if place.secret:
        connect(session, each, None, ask=True)
    else:
        _tell_checks(found := _try_out(session, each, None), all_of_them=True)
        if found.fault is not None:
            raise found.fault
    each = _ask_sealing(each)
    settings = replace(settings, replicas=(*settings.replicas[:-1], each))
    with _network() as cancel:
        whose = joining.look(session.path, [each], cancel)
    join = partial(joining.join, session.path, session.config_path, settings, [each], whose, zone=zone, device=device)
    try:
        joined = sealing.with_code(session, False, lambda code: join(code=code))
    except joining.OtherVault as error:
        diagnostics.note(
            f"{shown(each.target)} holds a vault that was made on another device, and this one is still empty."
        )
        if not click.confirm("Bring that vault here?", default=True, err=True):
            raise error
        joined = sealing.with_code(session, False, lambda code: join(become=True, code=code))
    for note in joined.notes:
        diagnostics.note(note)
    if joined.made is not None:
        sealing.hand_over(session, joined.made)
    diagnostics.note(f"Added {each.name}.\n")
    return joined


def _choose(settings: Config) -> Place | None:
    """Which kind of place comes next; None for no more."""
    from netto_tui.setup.targets import PLACES

    there = ", ".join(each.name for each in settings.replicas)
    diagnostics.note(
        f"Where shall {'another' if there else 'a'} copy lie?" + (f" There are: {there}." if there else "")
    )
    for number, place in enumerate(PLACES, 1):
        diagnostics.note(f"  {number}  {place.title:<9} {place.about}")
    choice = click.prompt(
        "A number, or enter for no more",
        type=click.Choice(["", *(str(number) for number in range(1, len(PLACES) + 1))]),
        default="",
        show_default=False,
        show_choices=False,
        err=True,
    )
    return PLACES[int(choice) - 1] if choice else None


def _ask_target(settings: Config, place: Place) -> ReplicaConfig:
    """Where a replica lies; asked again until it can be there."""
    from netto_tui.setup.targets import free_name, read_target

    while True:
        try:
            answer = click.prompt(f"{place.question} (such as {place.example})", err=True)
            return read_target(free_name(settings, place.kind), place.kind, answer, Path.cwd())
        except UsageError as error:
            diagnostics.note(str(error))


def _ask_name(settings: Config, each: ReplicaConfig) -> tuple[ReplicaConfig, Config]:
    """What a replica is called, and the settings with it; asked again until it can be."""
    while True:
        try:
            named = replace(each, name=click.prompt("What shall it be called?", default=each.name, err=True))
            return named, settings.with_replica(named)
        except UsageError as error:
            diagnostics.note(str(error))


def _ask_sealing(each: ReplicaConfig) -> ReplicaConfig:
    """Whether what goes there is sealed, which it is unless a person says otherwise."""
    question = "Seal what goes there, so that only who has your keys can read it?"
    if click.confirm(question, default=True, err=True):
        return each
    diagnostics.note(f"Then whoever can read {shown(each.target)} reads every conversation.")
    return replace(each, plain=True)


def _make(session: Session, each: ReplicaConfig, secret: Secret | None, ask: bool) -> Trial:
    from netto_tui.setup import trial

    if ask and not click.confirm(f"There is no {each.target} yet. Make it, private?", default=True, err=True):
        raise UsageError(f"{each.target} is not there.", remedy="Name one that is, or let it be made.")
    with _network() as cancel:
        found = trial.make(each, secret, cancel, session.path / ".netto" / "cache")
    diagnostics.note(f"{each.name}: made the private repository {each.target}.")
    return found


def _try_out(session: Session, each: ReplicaConfig, secret: Secret | None) -> Trial:
    from netto_tui.setup import trial

    diagnostics.progress(f"Trying {each.kind} {shown(each.target)}…")
    try:
        with _network() as cancel:
            return trial.try_out(each, secret, cancel, session.path / ".netto" / "cache")
    finally:
        diagnostics.progress("")


@contextmanager
def _network() -> Iterator[threading.Event]:
    """While the network is asked, Ctrl+C ends that; at a question it ends the program."""
    from netto_tui.cli.syncing import cancelling

    with cancelling() as cancel:
        yield cancel


def _tell_checks(found: Trial, all_of_them: bool = False) -> None:
    for check in found.checks:
        if all_of_them or check.state != "ok":
            remedy = f". {check.remedy}" if check.state != "ok" and check.remedy else ""
            diagnostics.note(f"{SIGNS[check.state]}{check.detail}{remedy}")


def _explain(each: ReplicaConfig) -> str:
    from netto_tui.setup.targets import howto

    return f"\n{howto(each)}\nIt is kept in the keyring of this system, never in a file."


def _ask_secret(each: ReplicaConfig) -> Secret:
    """What opens a replica, without showing what is typed; asked again until it can be that."""
    from netto_tui.setup import trial

    while True:
        try:
            if each.kind == "firestore":
                return trial.read_key_file(each, Path(click.prompt("Path of the key file", err=True)))
            typed = click.prompt("Token (it does not show)", hide_input=True, err=True)
            return trial.read_secret(each, typed, "That")
        except (UsageError, Denied) as error:
            diagnostics.note(str(error))


def _secret_words(each: ReplicaConfig) -> str:
    return "token" if each.kind == "github" else "key of the service account"


def _repeat(ask: bool, action: Callable[[], None]) -> None:
    """Do something, and again for as long as a person wants it to be tried."""
    while True:
        try:
            return action()
        except Denied as error:
            if not ask:
                raise
            diagnostics.note(str(error))
            if not click.confirm("Try again?", default=True, err=True):
                raise
