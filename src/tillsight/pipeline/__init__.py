"""From files to a release: land, map, check, derive, publish."""
