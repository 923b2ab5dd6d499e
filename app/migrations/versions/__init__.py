"""The migrations in order; the first line of each says what it adds."""
