"""The workload: a social app that knows URLs, never clouds."""
