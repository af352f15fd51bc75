"""The `github` replica: the tree in a private repository, through GitHub's API."""
