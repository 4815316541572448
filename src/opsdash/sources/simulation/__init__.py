"""A payment application that exists only as pure functions of a seed and of simulated time."""
