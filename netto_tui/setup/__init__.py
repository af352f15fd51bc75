"""Connecting a replica, step by step: what the wizard on the command line and the one in the app share."""
