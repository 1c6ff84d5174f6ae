"""For people who already have a trainer."""
