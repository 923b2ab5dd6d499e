"""Alembic's folder: one file a migration, written by hand and compared with the models by a test."""
