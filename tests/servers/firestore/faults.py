"""Knobs that make the server fail as the real one does: refusals, lost answers, hanging, slowness, a dead key."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import grpc

from tests.servers.firestore.refusals import Refused

HANG = "HANG"
LATENCY = "LATENCY"
_TEXTS = {
    "ABORTED": "Aborted due to cross-transaction contention. This occurs when multiple transactions attempt to "
    "access the same data, requiring Firestore to abort at least one in order to enforce serializability.",
    "RESOURCE_EXHAUSTED": "Quota exceeded.",
    "UNAVAILABLE": "The service is temporarily unavailable. Please retry with exponential backoff.",
    "DEADLINE_EXCEEDED": "Deadline exceeded",
    "PERMISSION_DENIED": "Missing or insufficient permissions.",
    "UNAUTHENTICATED": "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
    "cookie or other valid authentication credential.",
}


@dataclass
class Fault:
    """What befalls the next `times` calls of an RPC (`*` is any).

    kind: the name of a gRPC status, HANG (no answer until the caller gives up) or LATENCY (`seconds` late).
    after: the call takes effect first. Of a stream, the first answer is sent.
    skip: so many calls are spared first.
    """

    rpc: str
    kind: str
    times: int = 1
    after: bool = False
    seconds: float = 0.0
    skip: int = 0

    def __post_init__(self) -> None:
        if self.kind not in (HANG, LATENCY) and self.kind not in grpc.StatusCode.__members__:
            raise ValueError(f"{self.kind} is neither a gRPC status nor {HANG} nor {LATENCY}")


class Faults:
    """The faults to come. `key_disabled`: every call is UNAUTHENTICATED as long as it is set."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._coming: list[Fault] = []
        self.key_disabled = False

    def add(self, fault: Fault) -> None:
        """Let a fault come, after those already waiting."""
        with self._lock:
            self._coming.append(fault)

    def clear(self) -> None:
        """Forget the faults that did not come yet, and enable the key."""
        with self._lock:
            self._coming = []
            self.key_disabled = False

    def meet(self, rpc: str, context: grpc.ServicerContext, *, after: bool) -> None:
        """Let a call meet its fault, if one is due now. Raises Refused."""
        if self.key_disabled and not after:
            raise refusal("UNAUTHENTICATED")
        fault = self._take(rpc, after)
        if fault is None:
            return
        if fault.kind not in (HANG, LATENCY):
            raise refusal(fault.kind)
        if wait(context, None if fault.kind == HANG else fault.seconds):
            raise refusal("CANCELLED")

    def _take(self, rpc: str, after: bool) -> Fault | None:
        with self._lock:
            for fault in self._coming:
                if fault.rpc not in (rpc, "*") or fault.after != after or fault.times < 1:
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    return None
                fault.times -= 1
                return fault
        return None


def refusal(kind: str) -> Refused:
    """The refusal of a status by its name, in words close to production's."""
    return Refused(grpc.StatusCode[kind], _TEXTS.get(kind, f"{kind} was asked for by a test."))


def wait(context: grpc.ServicerContext, seconds: float | None) -> bool:
    """Wait so long; True when the call is over before that: its caller gave up, or the server closes."""
    over = threading.Event()
    return over.wait(seconds) if context.add_callback(over.set) else True
