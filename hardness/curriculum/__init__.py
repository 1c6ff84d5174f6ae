"""Curricula: from hardness to an order, a schedule or a selection, and to shards."""
