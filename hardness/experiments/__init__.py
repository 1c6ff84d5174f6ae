"""Comparing curricula and weightings over several seeds, with statistics."""
