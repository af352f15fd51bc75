"""Making the vault and its replicas equal, and proving it."""
