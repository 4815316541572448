"""The whole program in terminals, on real servers, as people use it."""
