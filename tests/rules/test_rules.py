"""What the security rules allow and refuse, on Google's emulator, as people who are signed in and not."""

from __future__ import annotations

import pytest

from tests.rules.cases import Case, cases
from tests.rules.world import World


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_rules_decide(world: World, case: Case) -> None:
    assert world.answer(case) == (200 if case.allowed else 403)


def test_no_two_cases_have_one_name() -> None:
    names = [str(case) for case in cases()]
    assert sorted(set(names)) == sorted(names)


def test_everybody_and_every_verdict_is_asked_for() -> None:
    assert {(case.who, case.allowed) for case in cases()} >= {
        ("owner", True),
        ("owner", False),
        ("newcomer", True),
        ("stranger", False),
        ("anonymous", False),
        ("nobody", False),
    }
