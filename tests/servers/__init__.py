"""Servers that tests talk to as if they were the real services: real protocols on loopback ports."""
