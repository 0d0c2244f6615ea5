"""Files of any common kind: read as they are, recognised by their headers, mapped onto the canonical tables."""
