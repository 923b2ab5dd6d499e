"""The description: the same site on three clouds."""
