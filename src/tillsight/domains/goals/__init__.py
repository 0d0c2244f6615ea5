"""Goals: what was meant to be reached, how far it has come, and whether it will be."""
