"""Analyses of sales."""

ANALYSES = ()
