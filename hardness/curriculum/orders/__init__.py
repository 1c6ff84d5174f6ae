"""Orders: pure functions from hardness to the sequence in which records are trained on."""

from __future__ import annotations

from hardness.curriculum.orders.base import Order, orders, register
from hardness.curriculum.orders.competence import competence
from hardness.curriculum.orders.cyclical import cyclical
from hardness.curriculum.orders.difficulty import discrete, linear, root
from hardness.curriculum.orders.growing import annealed, babysteps
from hardness.curriculum.orders.plain import ascending, descending, random
from hardness.curriculum.orders.repeat_random import repeat_random
from hardness.curriculum.orders.strata import buckets, interleaved, onepass
from hardness.curriculum.orders.warmup import warmup

__all__ = ["Order", "orders"]

register(ascending, descending, random, interleaved, buckets, onepass, babysteps, annealed)
register(competence, linear, root, discrete, cyclical, warmup, repeat_random)
