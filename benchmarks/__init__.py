"""Runs that anyone can repeat: loads, builds, questions and the page, with peers beside us (`make bench`)."""
