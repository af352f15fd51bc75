"""What GitHub Actions does on a schedule in a backup repository: bring what is new, or prove what is sealed.

Keys never go there. A plain repository gets Firestore's news; of sealed replicas the signed heads are checked, for
which the public key in the workflow is enough.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from textwrap import indent
from typing import Any

from netto_tui.config import Options, ReplicaConfig
from netto_tui.errors import UsageError
from netto_tui.security import heads

CRON = "23 3 * * *"
"""When it runs if nobody says: every night, at a minute that is not everybody's."""

MINUTES = 60
"""How long a run may take."""

SECRET = "NETTO_GOOGLE_CREDENTIALS"  # noqa: S105  # the name of a secret
"""The repository's secret that holds the key of a service account."""

_PROVIDER = re.compile(r"projects/[0-9]+/locations/global/workloadIdentityPools/[a-z0-9-]+/providers/[a-z0-9-]+")
_ACCOUNT = re.compile(r"[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com")
_PACKAGE = re.compile(r"[A-Za-z0-9][^\x00-\x1f\x7f\"'`\\]{0,300}")

_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, tuple(["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"])),
    ("day of the week", 0, 6, tuple(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"])),
)


class _Text(Template):
    """A text with `%{name}` in it, since `$` means something in a workflow."""

    delimiter = "%"


@dataclass(frozen=True)
class Schedule:
    """What a person decides about the workflow.

    cron: five fields, in UTC. package: what pip installs. provider, account: of Workload Identity Federation;
    "" for both where the repository has a secret with the key of a service account instead.
    """

    package: str
    cron: str = CRON
    provider: str = ""
    account: str = ""


def workflow(
    github: ReplicaConfig, firestore: ReplicaConfig | None, schedule: Schedule, public: bytes | None = None
) -> str:
    """The workflow as YAML, for a backup repository and a Firestore database. Raises UsageError for bad values.

    public: 32 bytes, to check the heads of sealed replicas with; None for plain ones. firestore: None only with it.
    """
    _check(schedule)
    there = [one for one in (github, firestore) if one is not None]
    foreign = (schedule.package, *(name for one in there for name in (one.target, one.database)))
    if any("${{" in name for name in foreign):
        raise UsageError("“${{” means something to GitHub and cannot be part of a name.", remedy="Choose another name.")
    keyless = bool(schedule.provider) and firestore is not None
    values = {
        "cron": _quoted(schedule.cron),
        "minutes": str(MINUTES),
        "package": _quoted(schedule.package),
        "replica": _quoted(f"{github.name}=github:{github.target}"),
        "settings": indent(_settings(*there), " " * 12).rstrip(),
        "permissions": "\n      id-token: write # proves to Google whose run this is" if keyless else "",
        "google": _sign_in(firestore, schedule) if firestore is not None else "",
        "public": _quoted(heads.text_of(public)) if public is not None else "",
    }
    template = (files(__name__) / ("check.yml" if public is not None else "workflow.yml")).read_text(encoding="utf-8")
    return _Text(template).substitute(values)


def _sign_in(firestore: ReplicaConfig, schedule: Schedule) -> str:
    """The step that lets a run into Firestore."""
    project = firestore.target.partition("/")[0]
    access = {"project_id": project} | (
        {"workload_identity_provider": schedule.provider, "service_account": schedule.account}
        if schedule.provider
        else {"credentials_json": f"${{{{ secrets.{SECRET} }}}}"}
    )
    told = "".join(f"          {name}: {value}\n" for name, value in access.items())
    return f"\n{(files(__name__) / 'google.yml').read_text(encoding='utf-8')}{told}"


def check_cron(cron: str) -> None:
    """Raises UsageError for what GitHub would not take as a schedule: five fields, as crontab(5) has them."""
    parts = cron.split()
    if len(parts) != len(_FIELDS):
        raise UsageError(f"“{cron}” is no schedule: it has not five fields.", remedy=f"Write it as “{CRON}”, in UTC.")
    for part, (what, least, most, names) in zip(parts, _FIELDS, strict=True):
        if not all(_is_field(one, least, most, names) for one in part.split(",")):
            raise UsageError(f"“{part}” is no {what} of a schedule.", remedy=f"Write it as “{CRON}”, in UTC.")


def _is_field(text: str, least: int, most: int, names: tuple[str, ...]) -> bool:
    span, slash, step = text.partition("/")
    if slash and not (step.isascii() and step.isdecimal() and 0 < int(step) <= most):
        return False
    if span == "*":
        return True
    ends = [_number(one, least, names) for one in span.split("-")]
    return len(ends) <= 2 and all(least <= end <= most for end in ends) and ends == sorted(ends)


def _number(text: str, least: int, names: tuple[str, ...]) -> int:
    """A number, or the name of one; -1 for anything else."""
    if text.upper() in names:
        return names.index(text.upper()) + least
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 2 else -1


def _check(schedule: Schedule) -> None:
    check_cron(schedule.cron)
    if not _PACKAGE.fullmatch(schedule.package):
        raise UsageError(
            f"“{schedule.package}” is nothing that pip installs.", remedy="Write such as netto-tui==1.2.3."
        )
    if bool(schedule.provider) != bool(schedule.account):
        raise UsageError(
            "--identity-provider and --service-account go together.",
            remedy=f"Give both, or none: then the repository needs the secret {SECRET}.",
        )
    if schedule.provider and not _PROVIDER.fullmatch(schedule.provider):
        raise UsageError(
            f"“{schedule.provider}” is not the full name of a provider.",
            remedy="Write projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER.",
        )
    if schedule.account and not _ACCOUNT.fullmatch(schedule.account):
        raise UsageError(
            f"“{schedule.account}” is not the address of a service account.",
            remedy="Write NAME@PROJECT.iam.gserviceaccount.com.",
        )


def _quoted(text: str) -> str:
    """A text as YAML has it in double quotes, which is how JSON has it."""
    return json.dumps(text, ensure_ascii=False)


def _settings(*replicas: ReplicaConfig) -> str:
    """The settings of a vault with these replicas, as config.toml has them.

    A run does not come back to what it leaves on its own branch, so conversations are soon taken as settled.
    """
    import tomli_w

    return tomli_w.dumps({"quiet_minutes": 1, "replicas": [dict(_described(one)) for one in replicas]})


def _described(replica: ReplicaConfig) -> Iterator[tuple[str, Any]]:
    yield from (("name", replica.name), ("kind", replica.kind), ("target", replica.target))
    usual = Options()
    for key in ("api_url", "database", "daily_reads", "daily_writes"):
        if (value := getattr(replica, key)) != getattr(usual, key):
            yield key, value
    if replica.plain:
        yield "plain", True
