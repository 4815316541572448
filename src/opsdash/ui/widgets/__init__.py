"""Widgets that render lines and repaint only the lines that changed."""
