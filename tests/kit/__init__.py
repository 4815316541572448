"""What tests share: waiting for conditions, child processes, a scrape target, certificates."""
