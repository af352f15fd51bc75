"""What keeps secrets secret and foreign text harmless."""
