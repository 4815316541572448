"""The on-call engineer's terminal: one screen from metric to page to incident to report."""

__version__ = "0.1.0"
