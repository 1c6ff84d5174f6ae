"""The report: figures of scores, shards and runs, on one page or one by one.

Called `reporting` because `hardness.report` is the public function.
"""
