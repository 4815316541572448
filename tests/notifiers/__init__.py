"""Tests of what is told to the world: real receivers that hold to their published rules."""
