"""Metrics that are arithmetic over others: what `hardness combine` knows by name.

The metrics of these names compute their operands themselves, by the same expressions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hardness.direction import Direction
from hardness.expression import Evaluated, Expression, parse
from hardness.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Formula:
    """An expression with a name.

    Attributes:
        expr: over `table.metric`; see `hardness.expression.parse`.
        harder: which end of its values is the harder one.
        source: paper and equation.
    """

    expr: str
    harder: Direction
    source: str

    def parse(self) -> Expression:
        """The expression."""
        return parse(self.expr)

    def of(self, **operands: npt.ArrayLike) -> Evaluated:
        """Its values, given those of its columns under the names of their tables.

        Args:
            operands: (n,) f64 each, NaN where undefined.
        """
        expression = self.parse()
        arrays = {
            name: np.asarray(operands[name.partition(".")[0]]) for name in expression.references
        }
        defined = {name: ~np.isnan(array) for name, array in arrays.items()}
        return expression.evaluate(arrays, valid=defined)


formulas: Registry[Formula] = Registry("formula")
"""Formulas by the name of their metric."""

formulas.add(
    "learnability",
    Formula(
        expr="base.lm - tuned.lm",
        harder="lower",
        source="Zhou et al. 2023, LoBaSS: Gauging Learnability in Supervised Fine-tuning Data",
    ),
)
formulas.add(
    "conditional",
    Formula(
        expr="tuned.lm - prior.lm",
        harder="higher",
        source="Brandfonbrener et al. 2024, CoLoR-Filter: Conditional Loss Reduction Filtering",
    ),
)
formulas.add(
    "ifd",
    Formula(
        expr="conditioned.lm / alone.lm",
        harder="higher",
        source="Li et al. 2024, From Quantity to Quality: Boosting LLM Performance with "
        "Self-Guided Data Selection for Instruction Tuning",
    ),
)
