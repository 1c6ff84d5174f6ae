"""The trainer: a thin torch loop over shards.

Called `training` because `hardness.train` is the public function.
"""
