"""The store: its files, its transactions, its faults."""
