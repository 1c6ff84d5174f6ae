"""Parsing expressions: numbers, columns, + - * / **, parentheses and functions.

    base.lm - tuned.lm
    0.5 * rank(perplexity) + 0.5 * rank(cartography.confidence)
    rank(`ngram-pvi`.confidence)

A column is `metric` (its primary column), `metric.column`, and with several tables
`table.metric` or `table.metric.column`. Between backticks a name may hold anything but a dot.
Python's own parser reads the text; nothing of it is ever run.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Sequence
from itertools import count

from hardness.errors import HardnessError
from hardness.expression.expression import OPERATORS, Expression
from hardness.expression.functions import functions

_DEEPEST = 100
"""Levels of operators, parentheses and functions: more would be a mistake, and overflow stacks."""
_SHOWN = 40
"""Characters of what is wrong that a message repeats."""


def parse(text: str, known: Sequence[str] = (), *, option: str = "expr") -> Expression:
    """Parse an expression.

    Args:
        text: the expression.
        known: names of metrics and tables. Those with a sign in them, such as `ngram-pvi`, need no
            backticks then, unless what stands on both sides of the sign is known, too.
        option: what the text was given as, for messages.

    Raises:
        HardnessError: it is no such expression; the message says at which character.
    """
    return _Parser(text, known, option).parse()


class _Parser:
    """One text on its way to an expression."""

    def __init__(self, text: str, known: Sequence[str], option: str) -> None:
        self.text = text
        self.option = option
        self.known = set(known) - {""}
        self.names: dict[str, str] = {}
        """Identifiers that stand for names which are none."""
        self.plain = self._plain_names()
        """The text as Python can read it, each character where it was."""
        self.spaces = len(self.plain) - len(self.plain.lstrip())
        self.references: dict[str, None] = {}

    def parse(self) -> Expression:
        if "#" in self.plain:  # what follows would be left out
            raise self._wrong(self.plain.index("#"), "mend it there")
        try:
            # Lines may end anywhere, as between parentheses.
            tree = ast.parse(re.sub(r"\s", " ", self.plain).strip(), mode="eval").body
        except SyntaxError as error:
            # Python counts from 1, and gives 0 where more should have come.
            at = (error.offset or len(self.plain.strip()) + 1) - 1
            raise self._wrong(self.spaces + at, "mend it there") from None
        except (ValueError, MemoryError, RecursionError) as error:
            raise self._wrong(0, f"shorten it ({error})") from None
        tree = self._checked(tree, 0)
        if not self.references:
            raise HardnessError(
                f"{self.option} must name a column, got {self.text!r}; name a metric or "
                "metric.column"
            )
        return Expression(text=self.text, references=tuple(self.references), tree=tree)

    def _plain_names(self) -> str:
        """The text with an identifier, as long as can be, for each name that is none."""
        odd = sorted((name for name in self.known if not name.isidentifier()), key=len)
        pattern = r"`[^`]*`"
        if odd:
            # The longest first, as it may begin with another.
            pattern += rf"|(?<![\w:])(?:{'|'.join(map(re.escape, reversed(odd)))})(?![\w:])"
        numbers = count()

        def replaced(match: re.Match[str]) -> str:
            name = match[0].strip("`").strip()
            if not name or "." in name:
                raise self._wrong(match.start(), "quote each part of a name by itself")
            parts = re.split("[-+]", name)
            if match[0] == name and len(parts) > 1 and self.known.issuperset(parts):
                raise self._wrong(
                    match.start(), f"write `{name}` in backticks, or spaces around the sign"
                )
            while (plain := f"_{next(numbers)}".ljust(len(match[0]), "_")) in self.text:
                pass
            self.names[plain] = name
            return plain

        return re.sub(pattern, replaced, self.text)

    def _checked(self, node: ast.expr, depth: int) -> ast.expr:
        """The tree of the node with one name for each reference, if it may be in an expression."""
        if depth > _DEEPEST:
            raise self._wrong(0, f"use at most {_DEEPEST} levels")
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self._number(node, value)
            case ast.UnaryOp(op=ast.UAdd(), operand=inner):
                return self._checked(inner, depth + 1)
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                node.operand = self._checked(inner, depth + 1)
                return node
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in OPERATORS:
                node.left = self._checked(left, depth + 1)
                node.right = self._checked(right, depth + 1)
                return node
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                self._check_call(node, self.names.get(name, name))
                node.args = [self._checked(argument, depth + 1) for argument in arguments]
                return node
        name = self._reference(node)
        if name is None:
            known = ", ".join(functions.names())
            raise self._wrong(
                self._start(node), f"use numbers, columns, + - * / **, parentheses and {known}"
            )
        self.references[name] = None
        return ast.Name(id=name, ctx=ast.Load())

    def _number(self, node: ast.expr, value: float) -> ast.expr:
        try:
            if math.isfinite(float(value)):
                return node
        except OverflowError:
            pass
        raise self._wrong(self._start(node), "write a smaller number")

    def _check_call(self, node: ast.Call, name: str) -> None:
        function = functions.get(name)
        given = len(node.args)
        if given < function.least or (function.most is not None and given > function.most):
            wanted = f"{function.least}{' or more' if function.most is None else ''}"
            fix = f"give {name} {wanted} argument{'' if wanted == '1' else 's'} instead of {given}"
            raise self._wrong(self._start(node), fix)

    def _reference(self, node: ast.expr) -> str | None:
        """`a.b.c` of a name and its attributes; None for any other node."""
        match node:
            case ast.Name(id=name):
                return self.names.get(name, name)
            case ast.Attribute(value=inner, attr=name):
                before = self._reference(inner)
                if before is None or before.count(".") > 1:
                    return None
                return f"{before}.{self.names.get(name, name)}"
        return None

    def _start(self, node: ast.expr) -> int:
        """Where the node begins in the text; Python counts bytes."""
        before = self.plain[self.spaces :].encode()[: node.col_offset]
        return self.spaces + len(before.decode(errors="ignore"))

    def _wrong(self, start: int, fix: str) -> HardnessError:
        rest = self.text[start:].strip()
        got = f"{rest[:_SHOWN]!r}{'…' if len(rest) > _SHOWN else ''}" if rest else "its end"
        return HardnessError(
            f"{self.option} must be arithmetic over columns, such as 'base.lm - tuned.lm', "
            f"got {got} at character {start + 1}; {fix}"
        )
