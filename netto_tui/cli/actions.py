"""`actions`: a scheduled backup, or a check of what is sealed, that needs no machine of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netto_tui import __version__
from netto_tui.cli import output
from netto_tui.cli.root import command, global_options
from netto_tui.cli.session import Session
from netto_tui.errors import UsageError

if TYPE_CHECKING:
    from netto_tui.actions import Schedule
    from netto_tui.actions.installing import Installation
    from netto_tui.config import Config, ReplicaConfig


@click.group("actions", short_help="Let GitHub Actions back up Firestore, or check what is sealed, on a schedule.")
@global_options
def actions() -> None:
    """Let GitHub Actions back up Firestore on a schedule."""


@command("install", short_help="Put the workflow into the backup repository.")
@click.option("--replica", metavar="NAME", default="", help="The replica at GitHub, if there are several.")
@click.option("--firestore", metavar="NAME", default="", help="The replica in Firestore, if there are several.")
@click.option("--cron", metavar="FIELDS", default="", help="When, in UTC; '23 3 * * *', every night, if not given.")
@click.option("--identity-provider", metavar="NAME", default="", help="Of Workload Identity Federation, in full.")
@click.option("--service-account", metavar="EMAIL", default="", help="The account that the provider lends.")
@click.option("--package", metavar="SPEC", default="", help="What pip installs, else this version of netto-tui.")
@click.option("--print", "show", is_flag=True, help="Show the workflow, and write nothing.")
def install(
    session: Session,
    replica: str,
    firestore: str,
    cron: str,
    identity_provider: str,
    service_account: str,
    package: str,
    show: bool,
) -> None:
    """Put a workflow into the backup repository: it brings Firestore's news to GitHub and verifies both.

    What is sealed needs the vault's keys for that, and they never go to GitHub; there the workflow checks the signed
    heads of the sealed replicas instead, with the public key that is written into it.

    It signs in to Google by Workload Identity Federation, without any key: --identity-provider
    projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER and --service-account.
    Without these it takes the key of a service account from a secret of the repository, which you add.

    The token needs Workflows: Read and write for this, beside what the replica needs.
    """
    from netto_tui.actions import CRON, Schedule, workflow
    from netto_tui.replicas.tree import WORKFLOW

    config = session.load_config()
    github = _chosen(config, "github", replica, "--replica")
    cloud = _cloud(config, github, firestore)
    schedule = Schedule(package or f"netto-tui=={__version__}", cron or CRON, identity_provider, service_account)
    text = workflow(github, cloud, schedule, None if github.plain else _public_key(session))
    if show:
        output.document({"path": WORKFLOW, "text": text}) if session.json else output.raw(text.encode())
        return
    _tell(session, _install(github, text), schedule, cloud)


actions.add_command(install)


def _chosen(config: Config, kind: str, name: str, option: str) -> ReplicaConfig:
    """The replica of a kind that is meant. Raises UsageError when that is none or not clear."""
    if name:
        found = config.replica(name)
        if found.kind != kind:
            raise UsageError(f"The replica {name} is of the kind {found.kind}.", remedy=f"{option} wants {kind}.")
        return found
    there = [one for one in config.replicas if one.kind == kind]
    if len(there) == 1:
        return there[0]
    if there:
        names = ", ".join(one.name for one in there)
        raise UsageError(f"There are several replicas of the kind {kind}.", remedy=f"Say which: {option} {names}.")
    target = "OWNER/REPO" if kind == "github" else "PROJECT/UID"
    raise UsageError(
        f"This vault has no replica of the kind {kind}; the backup goes from Firestore to GitHub.",
        remedy=f"Add one with: netto-tui init --replica NAME={kind}:{target}",
    )


def _cloud(config: Config, github: ReplicaConfig, name: str) -> ReplicaConfig | None:
    """The replica in Firestore that goes with one at GitHub: sealed as that is, or plain as that is."""
    if not github.plain and not name and all(one.kind != "firestore" or one.plain for one in config.replicas):
        return None
    cloud = _chosen(config, "firestore", name, "--firestore")
    if cloud.plain != github.plain:
        raise UsageError(
            f"One of {cloud.name} and {github.name} is sealed and the other plain; no key goes to GitHub.",
            remedy="Choose two that are alike, with --replica NAME and --firestore NAME.",
        )
    return cloud


def _public_key(session: Session) -> bytes:
    """What proves the heads of this vault. Raises Locked."""
    from netto_tui.security import custody
    from netto_tui.vault.identity import load_identity

    return custody.load(session.path, load_identity(session.path).vault).public


def _install(github: ReplicaConfig, text: str) -> Installation:
    from contextlib import closing

    from netto_tui.actions.installing import install as put
    from netto_tui.cli.syncing import cancelling
    from netto_tui.replicas.github_client import Hub
    from netto_tui.security.credentials import github_token
    from netto_tui.setup.targets import api_of
    from netto_tui.vault.vault import wall_clock

    api = api_of(github)
    with (
        cancelling() as cancel,
        closing(Hub(api, cancel, lambda: github_token(api, github.target), wall_clock)) as hub,
    ):
        return put(hub, github.target, text)


def _tell(session: Session, done: Installation, schedule: Schedule, cloud: ReplicaConfig | None) -> None:
    from netto_tui.actions import SECRET
    from netto_tui.replicas.tree import WORKFLOW

    secrets = [] if schedule.provider or cloud is None else [SECRET]
    role = "Cloud Datastore User" if cloud is not None and cloud.plain else "Cloud Datastore Viewer"
    if session.json:
        output.document(
            {
                "repository": done.repository,
                "id": done.number,
                "branch": done.branch,
                "path": WORKFLOW,
                "changed": done.changed,
                "commit": done.commit or None,
                "secrets": secrets,
            }
        )
        return
    verb = "is in" if done.changed else "was there already in"
    output.line(f"{WORKFLOW} {verb} {done.repository}, branch {done.branch}.")
    if schedule.provider and cloud is not None:
        output.line(
            f"Next: give {schedule.account} the role {role}, and let the provider accept this repository"
            f" alone: its attribute condition is assertion.repository_id == '{done.number}'."
        )
    elif cloud is not None:
        output.line(
            f"Next: in the repository under Settings, Secrets and variables, Actions, add the secret {SECRET}"
            f" with the whole JSON key of a service account that has the role {role}."
        )
    output.line("Try it: in the repository under Actions, netto-tui, Run workflow.")
