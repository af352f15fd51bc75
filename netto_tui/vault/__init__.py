"""The vault on this machine: the first replica, and what the app reads."""
