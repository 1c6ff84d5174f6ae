"""Weightings: functions that scale the loss of each sample."""
