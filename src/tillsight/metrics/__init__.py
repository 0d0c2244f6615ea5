"""The engine of the catalogue: what a metric is, how a question is resolved, compiled, answered and explained."""
