"""Object stores for the tests of the local sites."""

from tests.embedded.gcs_client import gcs, unlimited
from tests.embedded.running_stores import local_store, make_store

__all__ = ["gcs", "local_store", "make_store", "unlimited"]
