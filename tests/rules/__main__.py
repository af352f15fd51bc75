"""`python -m tests.rules`: every mutant of the security rules, with the kill rate and each survivor's reason."""

from __future__ import annotations

import sys

from netto_tui import firebase
from tests.rules.mutants import mutants
from tests.rules.mutation import run
from tests.rules.world import World
from tests.servers.emulator import emulator, new_project, reason

if why := reason():
    sys.exit(why)
print(run(World(emulator(), new_project(), firebase.rules()), mutants(firebase.rules())))
