"""Keep every conversation with an AI assistant in three places, and prove that they agree."""

__version__ = "0.1.0"
