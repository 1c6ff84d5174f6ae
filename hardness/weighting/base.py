"""What a weighting is: a pure function from per-sample inputs to a factor for each loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from hardness.errors import HardnessError
from hardness.registry import Registry

Array: TypeAlias = Any
"""A numpy array or a torch tensor: the functions use only arithmetic that both have."""

INPUTS = ("progress", "hardness", "weight", "losses", "temperature")
"""All that a weighting can ask for: `progress` s in [0, 1), a number or one per sample; `hardness`
h in [0, 1], one per sample; `weight`, the shards' column, one per sample; `losses` in nats, one per
sample of the global micro-batch; `temperature` r > 0, a number."""


@dataclass(frozen=True, kw_only=True)
class Weighting:
    """A named factor ω for each sample's loss.

    A third party adds one by an entry point in the group `hardness.weighting` that loads an
    instance of this class.
    """

    name: str
    """The name on the command line."""
    function: Callable[..., Array]
    """Called with the inputs in `needs` as keyword arguments, and `parameter` where it has one."""
    needs: tuple[str, ...]
    """The inputs it uses, among `INPUTS`."""
    formula: str
    """ω as a formula."""
    range: str
    """The values ω can take."""
    source: str
    """Where it was published."""
    parameter: str | None = None
    """The name of the number after the colon in `name:number`; None when it takes none."""
    default: float | None = None
    """The value of `parameter` when none is given."""
    check: tuple[str, Callable[[float], bool]] | None = None
    """What `parameter` must be, in words and as a test."""
    value: float | None = None
    """The value of `parameter` in use; set by `resolve`."""
    affine: bool = False
    """Whether ω is affine in `hardness` or `weight`, so that its mean is ω of their mean."""
    differentiable: bool = False
    """Whether the published gradient flows through ω as well as through the loss."""

    @property
    def online(self) -> bool:
        """Whether it needs the losses of the step, so that it cannot be written into shards."""
        return "losses" in self.needs

    def __call__(self, **inputs: Any) -> Array:
        """ω of each sample.

        Args:
            inputs: the inputs at hand by name; those the weighting does not need are ignored.

        Returns:
            One factor per sample, of the inputs' array type.

        Raises:
            HardnessError: an input that the weighting needs is missing.
        """
        missing = [name for name in self.needs if inputs.get(name) is None]
        if missing:
            raise HardnessError(
                f"inputs of weighting {self.name!r} must include {', '.join(self.needs)}, "
                f"got no {' and no '.join(missing)}; choose a weighting that does not need it"
            )
        chosen = {name: inputs[name] for name in self.needs}
        if self.parameter is not None:
            chosen[self.parameter] = self.value if self.value is not None else self.default
        return self.function(**chosen)


weightings: Registry[Weighting] = Registry("weighting")
"""Every weighting by name."""


def register(weighting: Weighting) -> None:
    """Add a weighting under its own name."""
    weightings.add(weighting.name, weighting)


def resolve(spec: str) -> Weighting:
    """The weighting that `name` or `name:number` stands for.

    Raises:
        HardnessError: an unknown name, a number where none is taken, or one out of range.
    """
    if not isinstance(spec, str):  # as a file of settings may say
        raise HardnessError(
            f"weighting must be a name, got {spec!r}; name one, or leave it out for uniform"
        )
    name, colon, text = spec.partition(":")
    weighting = weightings.get(name)
    if not colon:
        return weighting
    if weighting.parameter is None:
        raise HardnessError(
            f"weighting must be {name!r} without a parameter, got {spec!r}; drop {colon + text!r}"
        )
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    rule, accepts = weighting.check or ("a number", lambda number: number == number)
    if not accepts(value):
        raise HardnessError(
            f"weighting must be {name}:{weighting.parameter} with {weighting.parameter} {rule}, "
            f"got {spec!r}; the default is {name}:{weighting.default}"
        )
    return replace(weighting, value=value)
