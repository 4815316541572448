"""Reads of the world: metrics and alerts from servers, files or the simulation."""
