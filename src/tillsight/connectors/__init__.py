"""Where data comes from: one folder for each kind of source. A connector ends at the canonical tables and knows no metric."""
