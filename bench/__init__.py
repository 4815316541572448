"""Measures the performance budgets and the reliability goals: one module each."""
