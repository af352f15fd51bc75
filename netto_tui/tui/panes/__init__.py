"""The sections of the main screen."""
