"""The same world as a state machine, whose failures Hypothesis cuts down to the few steps that matter."""

from __future__ import annotations

import tempfile
import uuid
from pathlib import Path
from random import Random
from typing import Any

import stamina
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.memory import DISK
from tests.simulation.world import Device, World, deterministic_names
from tests.unit.vault.talks import NIGHTLY

ONE, OTHER = st.just(0), st.just(1)
either = ONE | OTHER
crashes = st.none() | st.integers(0, 25)
rates = st.sampled_from([0.0, 0.0, 0.1, 0.3])


class Devices(RuleBasedStateMachine):
    """Two devices, two replicas, one rule for each thing that can happen."""

    world: World

    @initialize(random=st.randoms(use_true_random=False))
    def begin(self, random: Random) -> None:
        self.uuid4 = uuid.uuid4
        uuid.uuid4 = deterministic_names(random)
        stamina.set_testing(True, attempts=2)
        self.folder = tempfile.TemporaryDirectory(dir=DISK)
        self.world = World(Path(self.folder.name), random)
        self.world.begin()

    def device(self, number: int) -> Device:
        return self.world.devices[number]

    @rule(number=either)
    def write(self, number: int) -> None:
        self.world.write(self.device(number))

    @rule(number=either, rate=rates, crash_in=crashes)
    def sync(self, number: int, rate: float, crash_in: int | None) -> None:
        self.world.sync(self.device(number), rate=rate, crash_in=crash_in)

    @rule(number=either, other=st.integers(0, 12))
    def sync_while_the_other_syncs(self, number: int, other: int) -> None:
        """The other device makes a whole pass in the middle of this one's."""
        device, left = self.device(number), [other]

        def meanwhile() -> None:
            left[0] -= 1
            if left[0] == 0:
                self.world.sync(self.device(1 - number))

        device.trouble.meanwhile = meanwhile
        self.world.sync(device)
        device.trouble.end()

    @rule(number=either)
    def pass_time(self, number: int) -> None:
        self.world.pass_time(self.device(number))

    @rule(number=either)
    def lose_index(self, number: int) -> None:
        self.world.lose_index(self.device(number))

    @rule(number=either)
    def hurt_device(self, number: int) -> None:
        self.world.hurt_device(self.device(number))

    @rule(number=either)
    def hurt_store(self, number: int) -> None:
        self.world.hurt_store(number)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.world.end()
        finally:
            self.world.close()
            self.folder.cleanup()
            uuid.uuid4 = self.uuid4
            stamina.set_testing(False)


TestDevices: Any = Devices.TestCase
TestDevices.settings = settings(
    max_examples=1500 if NIGHTLY else 20,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[phase for phase in Phase if phase is not Phase.explain],  # it traces every line, for minutes
)
