"""A sample vault: a few hundred conversations over some months, two replicas, and a few things gone wrong."""

from netto_tui.demo.sample import is_there, make, reset

__all__ = ["is_there", "make", "reset"]
