"""The hands: thin commands over the runbook library."""
