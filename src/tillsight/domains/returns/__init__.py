"""Returns: what comes back, why, what becomes of it, and what it costs."""
