"""A thousand deaths: sites die in every way, under load, and everything that was acknowledged is looked for."""
