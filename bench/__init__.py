"""Measures the performance budgets and the reliability goals: one module each."""

import os

# Where this is set nothing compiled is kept, and every start would pay for compiling again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
