"""The shared state: the only SQL, as plain functions over a connection, one module a noun."""
