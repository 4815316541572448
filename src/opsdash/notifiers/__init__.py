"""Tells of the world: one module a receiver, each behind the same small protocol."""
