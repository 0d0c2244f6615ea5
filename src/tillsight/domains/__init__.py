"""The eight domains. Each declares its relations, metrics and analyses; none imports another."""
