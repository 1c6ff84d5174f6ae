"""Names with parameters: what they stand for, how they are written, and what is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.curriculum.grammar import Bounds, checked_by, parameters, resolve, usage
from hardness.errors import HardnessError
from hardness.registry import Registry


def cake(
    guests: object,
    *,
    epochs: int,
    k: Annotated[int, Bounds(1, 9)],
    share: Annotated[float, Bounds(0, 1, above=True)] = 0.5,
    kind: Literal["plain", "round"] = "plain",
    levels: tuple[Annotated[float, Bounds(0)], ...] = (1.0, 2.0),
    from_: str = "oven",
    least: float | None = None,
) -> Any:
    return locals()


def bare(guests: object) -> Any:
    return guests


@pytest.fixture
def cakes() -> Registry[Any]:
    registry: Registry[Any] = Registry("cake")
    registry.add("cake", cake)
    registry.add("bare", bare)
    return registry


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("cake:3", {"k": 3}),
        ("cake:k=3", {"k": 3}),
        (" cake : 3 , share = 1 ", {"k": 3, "share": 1.0}),
        ("cake:3,0.25,round", {"k": 3, "share": 0.25, "kind": "round"}),
        ("cake:kind=round,3", {"k": 3, "kind": "round"}),
        ("cake:3,levels=0/0.5/7", {"k": 3, "levels": (0.0, 0.5, 7.0)}),
        ("cake:3,from=tin,least=-2", {"k": 3, "from_": "tin", "least": -2.0}),
    ],
)
def test_values_go_to_their_parameters(
    cakes: Registry[Any], text: str, given: dict[str, Any]
) -> None:
    defaults = {
        "share": 0.5, "kind": "plain", "levels": (1.0, 2.0), "from_": "oven", "least": None,
    }  # fmt: skip
    text = text.replace("cake :", "cake:")
    found = resolve(text, cakes)
    assert found.arguments == defaults | given
    assert found("us", epochs=2) == {"guests": "us", "epochs": 2} | defaults | given


@pytest.mark.parametrize(
    ("text", "shortest"),
    [
        ("cake:k=3", "cake:3"),
        ("cake:3,share=0.5,kind=plain", "cake:3"),
        ("cake:kind=round,k=3,levels=1/2.5", "cake:3,kind=round,levels=1/2.5"),
        ("cake:3,share=0.1,from=tin", "cake:3,share=0.1,from=tin"),
        ("bare", "bare"),
    ],
)
def test_what_means_the_same_is_written_the_same(
    cakes: Registry[Any], text: str, shortest: str
) -> None:
    found = resolve(text, cakes)
    assert str(found) == shortest
    assert resolve(shortest, cakes) == found


@given(
    k=st.integers(1, 9), share=st.floats(0.001, 1), levels=st.lists(st.floats(0, 10), min_size=1)
)
def test_what_is_written_can_be_read(k: int, share: float, levels: list[float]) -> None:
    registry: Registry[Any] = Registry("cake")
    registry.add("cake", cake)
    share, levels = float(f"{share:.6g}"), [float(f"{level:.6g}") for level in levels]
    text = f"cake:{k},share={share!r},levels={'/'.join(map(repr, levels))}"
    found = resolve(text, registry)
    assert found.arguments["levels"] == tuple(levels)
    assert resolve(str(found), registry) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pie", "cake must be one of bare, cake, got 'pie'; choose one of them"),
        ("cakes:3", "did you mean 'cake'"),
        ("cake", r"got 'cake' with no k \(a whole number from 1 to 9\); correct it"),
        ("cake:0", "with k = '0', which is not a whole number from 1 to 9; correct it"),
        ("cake:2.5", "with k = '2.5', which is not a whole number"),
        ("cake:3,0", "share = '0', which is not a number above 0 and up to 1"),
        ("cake:3,nan", "share = 'nan', which is not a number above 0"),
        ("cake:3,kind=flat", "kind = 'flat', which is not one of plain, round"),
        ("cake:3,levels=1/-2", "levels = '1/-2', which is not numbers with / between them, from 0"),
        ("cake:3,size=4", r"the unknown key 'size' \(known: k, share, kind, levels, from, least\)"),
        ("cake:3,k=4", "with k twice"),
        ("cake:1,1,plain,1,x,1,7", "with '7' too many"),
        ("bare:1", "cake must be bare, got 'bare:1' with '1' too many"),
        ("bare:size=1", r"the unknown key 'size' \(it takes none\)"),
    ],
)
def test_what_does_not_fit_is_refused(cakes: Registry[Any], text: str, message: str) -> None:
    with pytest.raises(HardnessError, match=message):
        resolve(text, cakes)


def test_all_mistakes_are_told_at_once(cakes: Registry[Any]) -> None:
    with pytest.raises(HardnessError) as refused:
        resolve("cake:share=2,size=1,kind=flat", cakes)
    told = str(refused.value)
    assert told.startswith("cake must be cake:k,share=0.5,kind=plain,levels=1/2,from=oven, got")
    assert all(word in told for word in ("no k", "share = '2'", "key 'size'", "kind = 'flat'"))
    assert told.endswith("; correct them")


def test_parameters_are_checked_together_where_they_fit_one_by_one(cakes: Registry[Any]) -> None:
    seen: list[dict[str, Any]] = []

    def check(**given: int) -> None:
        seen.append(given)
        if given["low"] > given["high"]:
            raise HardnessError(f"low must be at most high, got {given['low']}; swap them")

    @checked_by(check)
    def tart(guests: object, *, epochs: int, low: int, high: int = 3) -> None: ...

    cakes.add("tart", tart)
    assert resolve("tart:2", cakes).arguments == {"low": 2, "high": 3}
    with pytest.raises(HardnessError, match="low must be at most high, got 4"):
        resolve("tart:4", cakes)
    with pytest.raises(HardnessError, match="cake must be tart:low,high=3"):
        resolve("tart:x", cakes)
    assert seen == [{"low": 2, "high": 3}, {"low": 4, "high": 3}]


def test_usage_leaves_out_what_has_no_default_value() -> None:
    assert usage("cake", cake) == "cake:k,share=0.5,kind=plain,levels=1/2,from=oven"
    assert usage("bare", bare) == "bare"


def test_a_parameter_of_another_kind_is_a_programming_error() -> None:
    def wrong(guests: object, *, when: bytes) -> None: ...

    wrong.__annotations__ = {"when": bytes}
    with pytest.raises(TypeError, match="parameter when must be an int, float or str"):
        parameters(wrong)
