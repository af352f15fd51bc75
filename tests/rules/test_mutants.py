"""The cases notice when the rules are wrong: they are tried on rules that are wrong in one point each.

Every twelfth mutant is tried, some ten seconds worth; all of them with NETTO_NIGHTLY=1, or, with each survivor
and the reason told, by `python -m tests.rules`.
"""

from __future__ import annotations

import os

import pytest

from netto_tui import firebase
from tests.rules.mutants import mutants
from tests.rules.mutation import EQUIVALENT, run
from tests.rules.world import World
from tests.servers.emulator import emulator, new_project, reason

SHARE = 1 if os.environ.get("NETTO_NIGHTLY") else 12
"""One mutant of so many is tried."""

LEAST = 0.95


@pytest.mark.timeout(1200)
def test_wrong_rules_are_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    if why := reason():
        pytest.skip(f"SKIPPED: the mutation run over the security rules is left out, since {why}")
    world = World(emulator(), new_project(), firebase.rules())
    tally = run(world, mutants(firebase.rules())[::SHARE])
    with capsys.disabled():
        print(f"\n{tally}")
    assert tally.broken == 0
    assert tally.rate >= LEAST
    assert {mutant.change for mutant in tally.survivors} <= set(EQUIVALENT)


def test_every_clause_of_the_rules_has_mutants() -> None:
    rules = firebase.rules()
    changed = {mutant.line for mutant in mutants(rules)}
    clauses = {
        number
        for number, line in enumerate(rules.splitlines(), start=1)
        if any(word in line for word in ("&&", "allow ", "return ", "match /"))
    }
    assert clauses <= changed | {number - 1 for number in changed}


def test_every_equivalent_mutant_is_still_made() -> None:
    assert set(EQUIVALENT) <= {mutant.change for mutant in mutants(firebase.rules())}


def test_two_mutants_are_never_the_same() -> None:
    made = [mutant.rules for mutant in mutants(firebase.rules())]
    assert len(set(made)) == len(made) > 250
    assert firebase.rules() not in made
