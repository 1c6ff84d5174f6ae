"""Scores by models: records batched by length, on a CPU, GPUs or a Dask cluster's workers."""
