"""The kernel that reads allenai/cartography's lines, against a JSON parser."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.stages.dynamics_lines import NO_ROW, read_common
from hardness.stages.dynamics_records import hashes

KEY = "logits_epoch_3"
GOOD = '{"guid":12,"logits_epoch_3":[0.5,-1.25],"gold":1}\n'


def line(guid: Any, logits: list[float], gold: int, **form: Any) -> str:
    return json.dumps({"guid": guid, KEY: logits, "gold": gold}, **form) + "\n"


@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.integers(0, 10**18 - 1),
                st.text(st.characters(min_codepoint=32, exclude_characters='"\\', codec="utf-8")),
            ),
            st.lists(
                st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-5),
                min_size=3,
                max_size=3,
            ),
            st.integers(0, 2),
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([(", ", ": "), (",", ":")]),
)
def test_common_lines_are_read_as_json(
    records: list[tuple[Any, list[float], int]], separators: tuple[str, str]
) -> None:
    text = "".join(line(*record, separators=separators, ensure_ascii=False) for record in records)
    found = read_common(text.encode(), KEY)
    assert found is not None
    guids = [guid for guid, _, _ in records]
    assert found.keys.tolist() == hashes(pa.array(list(map(str, guids)), pa.string())).tolist()
    assert found.rows.tolist() == [guid if isinstance(guid, int) else NO_ROW for guid in guids]
    assert found.gold.tolist() == [gold for _, _, gold in records]
    logits = np.array([logits for _, logits, _ in records])
    assert np.all(np.abs(found.logits - logits) <= np.spacing(np.abs(logits)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0.0),
        ("-0.0", 0.0),
        ("7", 7.0),
        ("1e3", 1000.0),
        ("1.5E-3", 0.0015),
        ("0.1000000000000000055511151231257827", 0.1),
        ("12345678901234567890", 12345678901234567890.0),
        ("-2.5803995709", -2.5803995709),
    ],
)
def test_numbers_are_read_in_every_form(text: str, value: float) -> None:
    found = read_common(GOOD.replace("0.5", text).encode(), KEY)
    assert found is not None
    assert found.logits[0, 0] == pytest.approx(value, rel=2.3e-16, abs=0)


def test_lines_may_be_blank_or_end_without_a_newline() -> None:
    text = f"{GOOD}\n \r\n{GOOD[:-1]}\r\n{GOOD[:-1]}"
    found = read_common(text.encode(), KEY)
    assert found is not None
    assert found.rows.tolist() == [12, 12, 12]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.5", "NaN"),
        ("0.5", "null"),
        ("0.5", ".5"),
        ("0.5", "0."),
        ("0.5", "1e"),
        ("0.5", "1e-400"),
        ("0.5", "1.2.3"),
        ("0.5", ""),
        ("0.5,", "0.5,1,"),
        ("12", "1.5"),
        ("12", "-12"),
        ("12", "012"),
        ("12", "1234567890123456789"),
        ("12", '"a\\n"'),
        ("12", '"a'),
        ("12", "true"),
        (":1}", ":2}"),
        (":1}", ":-1}"),
        (":1}", ":01}"),
        (":1}", ":}"),
        (":1}", ":1.0}"),
        (":1}", ':1,"x":2}'),
        (":1}", ":1} {}"),
        ("guid", "name"),
        ("epoch_3", "epoch_4"),
        ("]", ""),
        ("{", ""),
    ],
)
def test_other_lines_are_left_to_the_json_parser(old: str, new: str) -> None:
    bad = GOOD.replace(old, new, 1)
    assert bad != GOOD
    assert read_common((GOOD + bad).encode(), KEY) is None
    for stop in range(len(GOOD) + 1, 2 * len(GOOD) - 1):  # cut off anywhere
        assert read_common((GOOD + GOOD)[:stop].encode(), KEY) is None
