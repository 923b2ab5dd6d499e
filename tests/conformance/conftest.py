"""Object stores for the conformance bodies."""

from tests.embedded.running_stores import local_store, make_store

__all__ = ["local_store", "make_store"]
