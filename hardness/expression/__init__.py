"""Arithmetic over the columns of hardness tables, such as `base.lm - tuned.lm`."""

from hardness.expression.expression import Evaluated, Expression
from hardness.expression.parse import parse

__all__ = ["Evaluated", "Expression", "parse"]
