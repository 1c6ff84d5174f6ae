"""Recipes: chains of steps from data to a report, written in YAML."""
