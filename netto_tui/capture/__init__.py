"""Bringing conversations in: one module per source."""
