"""Stages that run on a scheduler; the only place that imports dask."""
