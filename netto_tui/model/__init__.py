"""Revisions and what follows from them: pure data, no input or output, no clock, no threads."""
