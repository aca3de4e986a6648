"""Making it: a plan's nodes, run on this machine."""
