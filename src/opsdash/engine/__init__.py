"""The clock's hand: the loop that collects, judges and records, one module a step."""
