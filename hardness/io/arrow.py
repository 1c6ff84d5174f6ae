"""Arrow's compute functions, which are made when it is imported, out of a type checker's sight."""

from __future__ import annotations

from typing import Any

import pyarrow.compute

pc: Any = pyarrow.compute
