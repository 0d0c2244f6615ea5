"""The endpoints, a file for each topic: thin, with the models of what they take and give."""
