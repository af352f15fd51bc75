"""Putting the security rules and the indexes of a Firestore database in force.

A ruleset is made of the text, and the release of the database then names it; earlier rulesets stay at
Firebase. Indexes are settings of single fields. See https://firebase.google.com/docs/reference/rules/rest and
https://firebase.google.com/docs/firestore/reference/rest/v1/projects.databases.collectionGroups.fields.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from netto_tui.errors import Refused, ReplicaError, UsageError
from netto_tui.firebase import indexes, rules
from netto_tui.firebase.service import FIRESTORE, RULES, Service

FILE = "firestore.rules"
SIGNATURE = "// netto-tui:"
"""How our own rules begin, in every version."""

DEFAULT = "(default)"

_PROJECT = re.compile(r"(?:[a-z0-9.-]{1,80}:)?[a-z][a-z0-9-]{3,29}")
_DATABASE = re.compile(r"[a-z][a-z0-9-]{2,62}")


@dataclass(frozen=True)
class Deployment:
    """What is in force now. replaced: the ruleset that was before, "" for none; it is kept at Firebase."""

    project: str
    database: str
    ruleset: str
    changed: bool
    replaced: str = ""


@dataclass(frozen=True)
class Exemption:
    """Fields that have no index: those for which that was said now, and those for which it was before.

    Each as COLLECTION.FIELD. Google takes some minutes to remove the index of a changed one.
    """

    project: str
    database: str
    changed: tuple[str, ...]
    kept: tuple[str, ...]


def deploy_rules(project: str, database: str = DEFAULT, *, replace: bool = False) -> Deployment:
    """Put our rules in force for a database of a project; nothing to do if they are.

    replace: also where rules are in force that are neither ours nor closed to everybody. Raises UsageError
    for names that cannot be, Denied without a credential or the role, Refused for others' rules, Unreachable.
    """
    _check(project, database)
    with Service(RULES, project) as service:
        return _deploy_rules(service, database, replace)


def _deploy_rules(service: Service, database: str, replace: bool) -> Deployment:
    release = f"{service.path}/releases/cloud.firestore" + (f"/{database}" if database != DEFAULT else "")
    there = service.ask("GET", release, missing=True)
    before = str(there.get("rulesetName", "")) if there else ""
    text = _text_of(service.ask("GET", before, missing=True)) if before else ""
    if text == rules():
        return Deployment(service.project, database, before, changed=False)
    if text and not replace and not (text.startswith(SIGNATURE) or is_closed(text)):
        raise Refused(
            f"The database of {service.project} has rules that somebody else wrote; an app may rely on them.",
            remedy="Use a project or a database of its own, or say --replace: the rules before stay in its history.",
        )
    source = {"files": [{"name": FILE, "content": rules()}]}
    made = str(service.ask("POST", f"{service.path}/rulesets", {"source": source}).get("name", ""))
    wanted = {"name": release, "rulesetName": made}
    if there:
        service.ask("PATCH", release, {"release": wanted})
    else:
        service.ask("POST", f"{service.path}/releases", wanted)
    if service.ask("GET", release).get("rulesetName") != made:
        raise ReplicaError(
            f"The rules of {service.project} were changed by somebody else in this moment.",
            remedy="See who did, then deploy again.",
        )
    return Deployment(service.project, database, made, changed=True, replaced=before)


def is_closed(text: str) -> bool:
    """Whether rules allow nothing to anybody, as those of a new database do."""
    bare = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
    allowed = re.findall(r"\ballow\b([^;]*);", bare)
    return all(re.search(r":\s*if\s+false\s*$", one) for one in allowed)


def deploy_indexes(project: str, database: str = DEFAULT, *, replace: bool = False) -> Exemption:
    """Exempt the fields that need no index, in every collection of their names; nothing to do where that is so.

    replace: also where somebody chose indexes for such a field. Raises as `deploy_rules`; what was exempted
    before an error stays so, and a second time goes on.
    """
    _check(project, database)
    wanted = [(one["collectionGroup"], one["fieldPath"]) for one in json.loads(indexes())["fieldOverrides"]]
    with Service(FIRESTORE, project) as service:
        groups = f"{service.path}/databases/{database}/collectionGroups"
        paths = {f"{group}.{field}": f"{groups}/{group}/fields/{field}" for group, field in wanted}
        found = {name: service.ask("GET", path).get("indexConfig") for name, path in paths.items()}
        kept = tuple(name for name, config in found.items() if _is_exempt(config))
        chosen = [name for name, config in found.items() if _is_chosen(config)]
        if chosen and not replace:
            raise Refused(
                f"Somebody chose indexes for {', '.join(chosen)} in {project}; an app may rely on them.",
                remedy="Use a project or a database of its own, or say --replace.",
            )
        changed = tuple(name for name in paths if name not in kept)
        for name in changed:
            body = {"name": paths[name], "indexConfig": {"indexes": []}}
            service.ask("PATCH", f"{paths[name]}?updateMask=indexConfig", body)
    return Exemption(project, database, changed, kept)


def _is_exempt(config: dict[str, Any] | None) -> bool:
    """Whether somebody said that a field has no index."""
    usual = config is None or config.get("usesAncestorConfig") or config.get("reverting")
    return config is not None and not usual and not config.get("indexes")


def _is_chosen(config: dict[str, Any] | None) -> bool:
    """Whether a field has other indexes than the usual ones."""
    return config is not None and bool(config.get("indexes")) and not config.get("usesAncestorConfig")


def _check(project: str, database: str) -> None:
    """Raises UsageError for names that cannot be."""
    if not _PROJECT.fullmatch(project):
        raise UsageError(f"“{project}” is no id of a Firebase project.", remedy="Take it from the project settings.")
    if database != DEFAULT and not _DATABASE.fullmatch(database):
        raise UsageError(f"“{database}” is no id of a database.", remedy="Leave --database out for the default one.")


def _text_of(ruleset: dict[str, Any]) -> str:
    files = ruleset.get("source", {}).get("files", [])
    return "\n".join(str(one.get("content", "")) for one in files)
