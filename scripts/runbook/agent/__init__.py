"""One site's agent: `__main__` names its loops, each loop is a module, `state` is what they share."""
