"""Finding out what is damaged, and bringing it back."""
