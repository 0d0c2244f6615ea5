"""Prepared mappings for data sets that many people know; each ties to figures computed from its files by other means."""
