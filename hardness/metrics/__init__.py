"""Metrics: what each is called, needs, writes and means."""
