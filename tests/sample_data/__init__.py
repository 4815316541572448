"""The sample that `opsdash demo` and the documentation run on, held to its word."""
