"""The engine as stories, on a clock that the test turns."""
