"""The exceptions of netto-tui, as one tree.

    NettoError
    ├── UsageError            2  the request cannot be understood or does not apply
    ├── VaultError            1  the vault is missing, damaged, or made by a newer version
    │   ├── NewerFormat       5  a record or store was written by a newer major version
    │   └── Busy              3  another process holds the vault for longer than allowed
    ├── InvalidRecord         1  bytes do not form a record, or do not match their name
    ├── CaptureError          2  a source cannot be read as a conversation
    ├── ReplicaError          3  a replica could not do what was asked
    │   ├── Unreachable       3  it is not there, or does not answer
    │   │   └── Limited       3  it asks to wait: a rate limit, or the day's quota
    │   ├── Denied            4  credentials are missing, or do not permit what is needed
    │   │   └── Locked        4  the keys that open sealed replicas are not at hand
    │   ├── Moved             3  someone else wrote first: compare-and-swap lost
    │   ├── WrongTarget       5  its identity is foreign or unreadable
    │   └── Suspect           5  more is missing at once than is plausible
    ├── Refused               5  refused for safety
    └── Cancelled             1  stopped on request

The number is the exit code of the command line. Each message says what happened;
`remedy` says what to do next.
"""

from __future__ import annotations


class NettoError(Exception):
    """Base of every error that a person should read instead of a traceback."""

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class UsageError(NettoError):
    """The request cannot be understood or does not apply here."""

    exit_code = 2


class VaultError(NettoError):
    """The vault is missing, damaged, or cannot be opened."""


class NewerFormat(VaultError):
    """A record or a store was written by a newer major version of netto-tui."""

    exit_code = 5


class Busy(VaultError):
    """Another process holds the vault for longer than the deadline allows."""

    exit_code = 3


class InvalidRecord(NettoError):
    """Bytes do not form a record, or do not match the name they carry."""


class CaptureError(NettoError):
    """A source cannot be read as conversations."""

    exit_code = 2


class ReplicaError(NettoError):
    """A replica could not do what was asked; nothing is lost."""

    exit_code = 3


class Unreachable(ReplicaError):
    """The replica is not there, or does not answer within its deadline."""


class Limited(Unreachable):
    """The replica asks to wait, until an instant in milliseconds since 1970; 0 where it does not say."""

    def __init__(self, message: str, *, remedy: str = "", until_ms: int = 0) -> None:
        super().__init__(message, remedy=remedy)
        self.until_ms = until_ms


class Denied(ReplicaError):
    """Credentials are missing, expired, or do not permit what is needed; trying again does not help."""

    exit_code = 4


class Locked(Denied):
    """The keys of the vault are not at hand, so sealed replicas wait; what is captured is kept here."""


class Moved(ReplicaError):
    """Another writer changed the replica first; pull and try again."""


class WrongTarget(ReplicaError):
    """The replica's identity marker is foreign or unreadable."""

    exit_code = 5


class Suspect(ReplicaError):
    """More objects are missing at once than is plausible."""

    exit_code = 5


class Refused(NettoError):
    """The action was refused for safety."""

    exit_code = 5


class Cancelled(NettoError):
    """The action was stopped on request; what was done so far is kept."""
