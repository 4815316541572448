"""The proof: domain tables, engine stories, real servers, screens and faults."""
