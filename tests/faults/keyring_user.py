"""A process that uses the keys of a vault as the program does, one order a line: make, load, doctor, bus.

It answers each with one line: `ok`, or the kind of error, its words and what to do, and never dies of one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from netto_tui.errors import NettoError
from netto_tui.security import custody, keyring_store, slots
from tests.servers import quick_slots
from tests.servers.quick_slots import VAULT


def obey(order: str, vault: Path) -> str:
    """Do one thing, from the beginning; what came of it."""
    quick_slots.forget()
    try:
        if order == "make":
            custody.make(vault, VAULT)
        elif order == "load":
            custody.load(vault, VAULT)
        else:
            state = keyring_store.look()
            return f"{state.backend} | {state.fault} | {state.remedy}"
    except NettoError as error:
        return f"{type(error).__name__} | {error.message} | {error.remedy}"
    return "ok"


def main(vault: Path, seconds: float) -> None:
    """Answer until the orders end."""
    slots.seal = quick_slots.seal
    keyring_store.SECONDS = seconds
    for line in sys.stdin:
        os.write(1, (obey(line.strip(), vault).replace("\n", " ") + "\n").encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
    os._exit(0)  # a call to a keyring that hangs is left behind
