"""Where queries run: engines by address, and the releases that they read. The only room that executes a query."""
