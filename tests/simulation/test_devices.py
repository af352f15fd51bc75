"""Two devices and two replicas through whatever a seed brings: nothing is lost, and all become equal."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from greenlet import greenlet

from netto_tui.security import slots
from tests.servers import quick_slots
from tests.simulation.world import Device, World, deterministic_names
from tests.unit.vault.talks import scratch, seeds

ACTIONS = 12
"""What each device does, beside what happens to it."""


class Scheduler:
    """Lets each device go on by turns, at every call of a replica, and stops some of them for good.

    A device that is stopped is never resumed: its code runs no further, not even a `finally`. It is
    kept until the end of the run, since dropping it would run them.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.random
        self.hub = greenlet.getcurrent()
        self.left = {device.name: ACTIONS for device in world.devices}
        self.stopped: list[greenlet] = []

    def run(self) -> None:
        """Until every device has done what it had to do; all begin from the same state, so that they collide."""
        self.world.begin()
        running = {device.name: self._begin(device) for device in self.world.devices}
        while running:
            device = self.world.pick([device for device in self.world.devices if device.name in running])
            chance = self.random.random()
            if chance < 0.02:
                self.stopped.append(running[device.name])
                self.world.tell(f"{device.name} is stopped")
                device.stop()
                device.start()
                if self.random.random() < 0.5:
                    (self.world.hurt_device if self.random.random() < 0.7 else self.world.lose_index)(device)
                running[device.name] = self._begin(device)
            elif chance < 0.08:
                self.world.hurt_store(self.random.randrange(len(self.world.stores)))
            running[device.name].switch()
            if running[device.name].dead:
                del running[device.name]

    def _begin(self, device: Device) -> greenlet:
        device.trouble.meanwhile = self.hub.switch
        return greenlet(lambda: self._live(device))

    def _live(self, device: Device) -> None:
        while self.left[device.name] > 0:
            self.left[device.name] -= 1
            rotate = ["rotate"] if self.world.sealed else []
            act = self.world.pick(["write", "write", "write", "sync", "sync", "sync", "time", *rotate])
            if act == "rotate":
                self.world.rotate(device)
            elif act == "write":
                self.world.write(device)
            elif act == "time":
                self.world.pass_time(device)
            else:
                for replica in device.replicas:
                    replica.distort = self._distort if self.random.random() < 0.1 else lambda line: line
                    replica.forgets = self._forgets if self.random.random() < 0.1 else lambda: False
                    replica.hide = lambda names: names
                    if self.random.random() < 0.1:
                        replica.hide, replica.store.hurt = self._hide, True
                self.world.sync(device, rate=self.world.pick([0.0, 0.0, 0.05, 0.2]))
            self.hub.switch()

    def _distort(self, line: bytes) -> bytes:
        if self.random.random() < 0.8:
            return line
        at = self.random.randrange(len(line))
        return line[:at] + bytes([line[at] ^ 4]) + line[at + 1 :]

    def _forgets(self) -> bool:
        return self.random.random() < 0.5

    def _hide(self, names: frozenset[str]) -> frozenset[str]:
        return frozenset(name for name in sorted(names) if self.random.random() < 0.7)


@contextmanager
def world_of(seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch, *, sealed: bool = False) -> Iterator[World]:
    """A world whose every choice follows from a seed; on a failure it tells the seed and its diary."""
    random = Random(seed)
    with monkeypatch.context() as patch:
        patch.setattr(uuid, "uuid4", deterministic_names(random))
        patch.setenv("NETTO_KEY_FILE", str(folder / "device.key"))
        patch.setattr(slots, "seal", quick_slots.seal)
        world = World(folder, random, sealed=sealed)
        try:
            yield world
        except Exception as error:
            error.add_note("\n".join([f"NETTO_SEEDS={seed}-{seed}", *world.diary]))
            raise
        finally:
            world.close()


def run(seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch, *, sealed: bool = False) -> tuple[str, list[str]]:
    with world_of(seed, folder, monkeypatch, sealed=sealed) as world:
        Scheduler(world).run()
        world.end()
        return world.devices[0].vault.digest(), world.diary


@pytest.mark.parametrize("part", range(8))
def test_nothing_is_lost_and_all_become_equal(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in seeds(40, 4000)[part::8]:
        with scratch() as folder:
            run(seed, folder, monkeypatch)


def test_nothing_is_lost_on_sealed_replicas_whose_keys_rotate(monkeypatch: pytest.MonkeyPatch) -> None:
    rotated = 0
    for seed in seeds(12, 800):
        with scratch() as folder:
            _, diary = run(seed, folder, monkeypatch, sealed=True)
            rotated += sum("rotates" in line for line in diary)
    assert rotated


def test_a_seed_tells_the_same_story_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in (3, 4):
        stories = []
        for _ in range(2):
            with scratch() as folder:
                stories.append(run(seed, folder, monkeypatch))
        assert stories[0] == stories[1]
