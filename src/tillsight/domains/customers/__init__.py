"""Customers: who buys, who comes back, and what they are worth."""
