"""Figures, tables and the report for people."""
