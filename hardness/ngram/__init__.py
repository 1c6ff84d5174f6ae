"""N-gram counting and interpolation: numba kernels over Arrow buffers."""
