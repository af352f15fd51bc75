"""A mutation run: each mutant of the rules in force, until a case notices it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.rules.cases import Case, cases
from tests.rules.mutants import Mutant
from tests.rules.world import World
from tests.servers.emulator import RulesRefused

EQUIVALENT = {
    "having: 'sent().keys().hasAll(fields)' → 'true'": (
        "every field is looked at by another clause, which fails where it is missing"
    ),
    "named: '{1,200}' → '{0,200}'": "Firestore has no documents without a name",
    "identity: 'get' → 'get, list'": "a list of users is decided without a uid, so that nobody is its owner",
}
"""Mutants that decide like the rules themselves, and why: no request tells them apart."""

CASES = cases()


@dataclass
class Tally:
    """killed: how many a case noticed. survivors: those that none did. broken: those that do not compile."""

    killed: int = 0
    survivors: list[Mutant] = field(default_factory=list)
    broken: int = 0

    @property
    def rate(self) -> float:
        """Killed ones, of all that compile."""
        return self.killed / max(1, self.killed + len(self.survivors))

    def __str__(self) -> str:
        total = self.killed + len(self.survivors)
        lines = [f"{self.killed} of {total} mutants of the security rules killed: {self.rate:.1%}"]
        lines += [f"  {mutant}: {EQUIVALENT.get(mutant.change, 'NOT NOTICED')}" for mutant in self.survivors]
        return "\n".join(lines)


def run(world: World, mutants: Iterable[Mutant]) -> Tally:
    """Try each mutant. The rules of the last one stay in force."""
    tally = Tally()
    for mutant in mutants:
        try:
            noticed = noticed_by(world, mutant)
        except RulesRefused:
            tally.broken += 1
        else:
            if noticed:
                tally.killed += 1
            else:
                tally.survivors.append(mutant)
    return tally


def noticed_by(world: World, mutant: Mutant) -> Case | None:
    """The first case that comes out differently under the mutant; None when all come out right.

    Those that are about the place of the change are tried first, and small ones before large ones.
    """
    world.use(mutant.rules)

    def rank(case: Case) -> tuple[bool, bool, int]:
        return case.about not in mutant.change, case.about != mutant.about, len(case.request.body)

    return next((case for case in sorted(CASES, key=rank) if not world.holds(case)), None)
