"""Tests of the line widgets."""
