"""The five panes, each a function from snapshot to lines."""
