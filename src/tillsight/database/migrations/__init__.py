"""The migrations of the operational database, applied at open. Numbered files in `versions/`, one line of history."""
