"""The screen: a function of a `Snapshot`, and keys that post what a person decided."""
