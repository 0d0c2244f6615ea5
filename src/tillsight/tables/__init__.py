"""The canonical tables: one meaning per column, whatever the source. Validation, DDL and docs come from one
declaration."""
