"""Tests of what reads the world."""
