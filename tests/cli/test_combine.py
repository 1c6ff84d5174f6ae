"""`hardness combine` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.program import hardness, one_line


def test_combine_prints_what_it_made_and_build_can_use_it(tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"the dog {'runs ' * (i % 5)}{i % 3}"}) for i in range(30)]
    (tmp_path / "data.jsonl").write_text("\n".join(lines))
    assert hardness("score", "data.jsonl", cwd=tmp_path).returncode == 0
    command = ["combine", "data.hardness", "--name", "mixed", "--expr"]
    mixture = "0.5 * rank(perplexity) + 0.5 * rank(perplexity.n_tokens)"
    first = hardness(*command, mixture, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    for part in ("30 records combined", "mixed", "higher", "--by mixed --order ascending"):
        assert part in first.stdout
    heading = next(line for line in first.stdout.splitlines() if line.startswith("mixed  "))
    assert heading == f"mixed  (expr {mixture})"
    assert "already there" in hardness(*command, mixture, cwd=tmp_path).stdout
    built = hardness("build", "data.hardness", "--by", "mixed", "-o", "shards", cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    wrong = hardness(*command, "perplexity -", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "at character" in one_line(wrong.stderr)
