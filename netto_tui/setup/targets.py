"""Where a copy can lie, what to ask for each kind of place, and reading what a person answers."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from netto_tui.config import Config, ReplicaConfig, is_url, parse_replica
from netto_tui.errors import UsageError

API_VARIABLE = "NETTO_GITHUB_API"

_REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}")
_PROJECT = re.compile(r"[a-z][a-z0-9.:-]{0,62}")
_SSH = re.compile(r"(?:ssh://)?git@(?P<host>[^:/]+)[:/](?P<path>.+)")


@dataclass(frozen=True)
class Place:
    """One kind of place. usual: the name a replica of it gets. secret: what opens it, "" where nothing does."""

    kind: str
    title: str
    about: str
    usual: str
    question: str
    example: str
    secret: str = ""
    howto: str = ""


PLACES = (
    Place(
        kind="github",
        title="GitHub",
        about="a private repository, also GitHub Enterprise",
        usual="github",
        question="Which repository? OWNER/REPO or its address; it can be a new one",
        example="alice/netto-vault",
        secret="Token",  # noqa: S106  # the name of what is asked for
        howto=(
            "GitHub needs a token for this one repository.\n"
            "1. If the repository is new, make it, private and empty:\n"
            "   {host}/new\n"
            "2. Make a fine-grained token, for 90 days at most:\n"
            "   {host}/settings/personal-access-tokens/new\n"
            "   “Only select repositories”: {target}\n"
            "   Repository permissions: Contents: Read and write"
        ),
    ),
    Place(
        kind="firestore",
        title="Firebase",
        about="a Firestore database; changes arrive at once",
        usual="cloud",
        question="Which project, and whose data in it? PROJECT/UID",
        example="my-project/me",
        secret="Key file",  # noqa: S106  # the name of what is asked for
        howto=(
            "Firestore needs the key of a service account.\n"
            "1. Make a service account with the role Cloud Datastore User:\n"
            "   console.cloud.google.com/iam-admin/serviceaccounts?project={target}\n"
            "2. There, Keys, Add key, JSON: a file is saved on this machine.\n"
            "   Once its key is kept, that file can be deleted."
        ),
    ),
    Place(
        kind="folder",
        title="Folder",
        about="a second disk, a network drive, any folder",
        usual="disk",
        question="Which folder? It can be a new one",
        example="/mnt/disk/netto",
    ),
    Place(
        kind="git",
        title="Git",
        about="any Git repository, by path or by URL",
        usual="history",
        question="Which repository? A path or a URL; a path can be a new one",
        example="/srv/netto.git",
    ),
)
"""Every kind that a wizard offers, in its order."""


def place_of(kind: str) -> Place:
    """The place of a kind. Raises UsageError for a kind that there is none of."""
    for each in PLACES:
        if each.kind == kind:
            return each
    names = ", ".join(each.kind for each in PLACES)
    raise UsageError(f"There is no kind of replica called “{kind}”.", remedy=f"Use one of: {names}.")


def free_name(config: Config, kind: str) -> str:
    """A name for a new replica of a kind that none has yet."""
    taken, usual = {each.name for each in config.replicas}, place_of(kind).usual
    names = (usual, *(f"{usual}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def read_target(name: str, kind: str, answer: str, base: Path) -> ReplicaConfig:
    """A replica from what a person answered to the question of its place.

    base: where a path that is not absolute begins. Raises UsageError saying what is expected.
    """
    place = place_of(kind)
    answer = answer.strip()
    if not answer or not answer.isprintable():
        raise UsageError("That names no place.", remedy=f"Write something like {place.example}.")
    return tidy(parse_replica(f"{name}={kind}:{answer}", base))


def tidy(replica: ReplicaConfig) -> ReplicaConfig:
    """The same replica with a target in the one form that its kind has. Raises UsageError where it cannot have it."""
    readers: dict[str, Callable[[ReplicaConfig], ReplicaConfig]] = {"github": _github, "firestore": _firestore}
    reader = readers.get(place_of(replica.kind).kind)
    return reader(replica) if reader is not None else replica


def known(config: Config, replica: ReplicaConfig) -> ReplicaConfig | None:
    """The replica of a vault that lies at the same place already, whatever it is called."""
    return next((each for each in config.replicas if _where(each) == _where(replica)), None)


def _where(replica: ReplicaConfig) -> tuple[str, ...]:
    """What makes two replicas the same place; GitHub's names have no case."""
    if replica.kind == "github":
        return (replica.kind, api_of(replica).rstrip("/"), replica.target.casefold())
    if replica.kind == "folder" or (replica.kind == "git" and not is_url(replica.target)):
        return (replica.kind, str(Path(replica.target).expanduser().absolute()))
    return (replica.kind, replica.target, replica.database)


def api_of(replica: ReplicaConfig) -> str:
    """The base of GitHub's API for a replica, "" for github.com: its own setting, else NETTO_GITHUB_API."""
    return replica.api_url or os.environ.get(API_VARIABLE, "")


def web_of(api_url: str) -> str:
    """The address that a person opens in a browser for a host of GitHub's API."""
    parts = urlsplit(api_url)
    if not parts.netloc or parts.netloc == "api.github.com":
        return "https://github.com"
    host = parts.netloc.removeprefix("api.") if parts.netloc.endswith(".ghe.com") else parts.netloc
    return f"{parts.scheme}://{host}"


def howto(replica: ReplicaConfig) -> str:
    """Where to get what opens a replica, step by step; "" where nothing is needed."""
    target = replica.target.partition("/")[0] if replica.kind == "firestore" else replica.target
    return place_of(replica.kind).howto.format(host=web_of(api_of(replica)), target=target)


def _github(replica: ReplicaConfig) -> ReplicaConfig:
    """OWNER/REPO out of that, an address from a browser, or one for Git."""
    text, host = replica.target.strip(), ""
    if found := _SSH.fullmatch(text):
        host, text = found["host"], found["path"]
    elif is_url(text):
        parts = urlsplit(text)
        host, text = parts.netloc.rpartition("@")[2], parts.path
    elif text.count("/") >= 2 and "." in text.partition("/")[0]:
        host, _, text = text.partition("/")
    named = "/".join(text.strip("/").split("/")[:2]).removesuffix(".git")
    if not _REPOSITORY.fullmatch(named) or named.rpartition("/")[2] in (".", ".."):
        raise UsageError(
            f"“{replica.target}” names no repository at GitHub.", remedy="Write OWNER/REPO, such as alice/netto-vault."
        )
    return replace(replica, target=named, api_url=replica.api_url or _api_for(host))


def _api_for(host: str) -> str:
    """The base of a host's API; written down where the environment names it, which may not do so next time."""
    if not host:
        return os.environ.get(API_VARIABLE, "")
    host = host.casefold().removeprefix("www.").removeprefix("api.")
    if host == "github.com":
        return ""
    return f"https://api.{host}" if host.endswith(".ghe.com") else f"https://{host}/api/v3"


def _firestore(replica: ReplicaConfig) -> ReplicaConfig:
    """PROJECT/UID, where UID can be the id of a document."""
    project, slash, uid = replica.target.strip().partition("/")
    remedy = (
        "Write PROJECT/UID: the id of the project, and a Firebase user's id or a word of yours, such as my-project/me."
    )
    if not _PROJECT.fullmatch(project):
        raise UsageError(f"“{project}” is no id of a Firebase project.", remedy=remedy)
    # What Firestore takes as the id of a document: no slash, no dots alone, no __name__, at most 1,500 bytes.
    if not slash or not uid or "/" in uid or uid in (".", "..") or re.fullmatch(r"__.*__", uid) or len(uid) > 128:
        raise UsageError(f"“{replica.target}” says not whose data it is in the project.", remedy=remedy)
    return replace(replica, target=f"{project}/{uid}")
