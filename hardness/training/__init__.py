"""The trainer: a thin torch loop over shards.

Called `training` because `hardness.train` is the public function.
"""

from __future__ import annotations

import os
import sys

# Read once, when torch loads OpenMP: where torch was imported before it is too late. Threads that
# wait would otherwise spin, and with other work on the machine a training takes many times as long.
if "torch" not in sys.modules:
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
