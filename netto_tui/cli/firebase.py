"""`firebase`: what a Firestore database has to be told of a replica."""

from __future__ import annotations

import click

from netto_tui.cli import output
from netto_tui.cli.root import command, global_options
from netto_tui.cli.session import Session
from netto_tui.errors import UsageError


@click.group("firebase", short_help="Show or deploy the security rules of Firestore.")
@global_options
def firebase() -> None:
    """Show or deploy what a Firestore database has to be told of a replica."""


@command("rules", short_help="Show the security rules, or put them in force.")
@click.option("--indexes", is_flag=True, help="The indexes instead, as firestore.indexes.json.")
@click.option("--deploy", is_flag=True, help="Put the rules in force.")
@click.option("--project", metavar="ID", default="", help="The Firebase project, else that of the vault's replica.")
@click.option("--database", metavar="ID", default="", help="Its database, if not the default one.")
@click.option("--replace", is_flag=True, help="Also in place of rules that somebody else wrote.")
def rules(session: Session, indexes: bool, deploy: bool, project: str, database: str, replace: bool) -> None:
    """Show the security rules of Firestore, or put them in force with --deploy.

    They let each signed-in user read and add below users/UID, and nobody anything else. The replica
    itself uses a service account, which no rules bind.

    \b
    --deploy             needs the role Firebase Rules Admin
    --indexes --deploy   needs the role Cloud Datastore Index Admin

    The indexes only say which fields need none, in every collection of the database that is called
    conversations, messages, pieces or chunks. The replica works without that; it saves storage.
    """
    if not deploy:
        if project or database or replace:
            raise UsageError("--project, --database and --replace are for --deploy.", remedy="Add --deploy.")
        _show(session, indexes)
        return
    if not project:
        project, database = _of_the_vault(session, database)
    act = _deploy_indexes if indexes else _deploy_rules
    act(session, project, database or "(default)", replace)


firebase.add_command(rules)


def _show(session: Session, indexes: bool) -> None:
    from netto_tui import firebase as shipped

    name, text = ("firestore.indexes.json", shipped.indexes()) if indexes else ("firestore.rules", shipped.rules())
    if session.json:
        output.document({"name": name, "text": text})
    else:
        output.raw(text.encode())


def _deploy_rules(session: Session, project: str, database: str, replace: bool) -> None:
    from netto_tui.firebase.deploying import deploy_rules

    done = deploy_rules(project, database, replace=replace)
    if session.json:
        output.document(
            {
                "project": done.project,
                "database": done.database,
                "ruleset": done.ruleset,
                "changed": done.changed,
                "replaced": done.replaced or None,
            }
        )
    elif not done.changed:
        output.line(f"The rules are in force in {done.project} already: {done.ruleset}")
    else:
        output.line(f"The rules are in force in {done.project}: {done.ruleset}")
        if done.replaced:
            output.line(f"Before: {done.replaced}, which Firebase keeps under Firestore Database, Rules.")


def _deploy_indexes(session: Session, project: str, database: str, replace: bool) -> None:
    from netto_tui.firebase.deploying import deploy_indexes

    done = deploy_indexes(project, database, replace=replace)
    if session.json:
        output.document(
            {"project": done.project, "database": done.database, "changed": done.changed, "kept": done.kept}
        )
    elif done.changed:
        output.line(f"Without an index from now on: {', '.join(done.changed)}. Google takes some minutes for it.")
    else:
        output.line(f"All {len(done.kept)} fields are without an index already.")


def _of_the_vault(session: Session, database: str) -> tuple[str, str]:
    """The project of the vault's Firestore replica, and the database. Raises UsageError unless there is one."""
    found = {
        (one.target.partition("/")[0], one.database)
        for one in session.load_config().replicas
        if one.kind == "firestore"
    }
    if len(found) != 1:
        raise UsageError(
            f"This vault has {'no Firestore replica' if not found else 'several Firestore projects'}.",
            remedy="Say which project: netto-tui firebase rules --deploy --project ID",
        )
    project, own = found.pop()
    return project, database or own
