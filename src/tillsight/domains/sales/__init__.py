"""Sales: what was sold, for how much, and what moved it."""
