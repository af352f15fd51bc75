"""The other places where conversations are kept."""
