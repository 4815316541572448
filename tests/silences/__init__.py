"""Silences: what they match, what they do to pages, and Alertmanager's side of them."""
