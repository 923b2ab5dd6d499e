"""Applying exactly what somebody has read: saved plans, and the Pulumi commands around them."""
