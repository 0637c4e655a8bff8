"""`--where`: which rows of a dump are meant, as comparisons of columns with words.

An expression is parsed into functions, one in another, and never evaluated as code. A comparison holds
where the value is what the word says, as `dump` shows it. What has no order, such as a name among numbers
or nothing at all, is neither less nor more than anything.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, NoReturn

from xdpctl.core.query.compare import (
    ORDERS,
    Test,
    Word,
    WrongWord,
    contains,
    equals,
    in_order,
    is_in,
    number_of,
    range_of,
)
from xdpctl.core.query.paths import NoPlace, Shape, element, value_at
from xdpctl.core.query.rows import named
from xdpctl.core.values.numerals import short
from xdpctl.core.values.value import Value
from xdpctl.core.wording import did_you_mean, nearest, pointed
from xdpctl.errors import QueryInvalid

Row = Mapping[str, Value]
Predicate = Callable[[Row], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>'[^']*'|"[^"]*")|(?P<op>==|!=|<=|>=|[<>~=(),])|(?P<word>[^\s()<>=!~,'"]+)|(?P<odd>\S))"""
)
_RESERVED = ("and", "or", "not", "in")
DEEPEST = 50


class Token(NamedTuple):
    kind: str
    text: str
    place: int


END = Token("end", "", -1)


def parse(text: str, columns: Shape, numbers: Collection[str] = ()) -> Predicate:
    """Which rows an expression means. In the columns `numbers`, which hold nothing else, a name is a slip."""
    parser = _Parser(text, columns, frozenset(numbers))
    found = parser.or_()
    if parser.token.kind != "end":
        parser.fail(f"{short(parser.token.text)} can't stand here")
    return found


class _Parser:
    def __init__(self, text: str, columns: Shape, numbers: frozenset[str]) -> None:
        self.text = text
        self.columns = columns
        self.numbers = numbers
        self.depth = 0
        self.coming = iter(self._tokens())
        self.token = next(self.coming, END)

    def _tokens(self) -> list[Token]:
        found = []
        for match in _TOKEN.finditer(self.text):
            kind = match.lastgroup or ""
            token = Token(kind, match[kind], match.start(kind))
            if kind == "odd":
                self.fail(
                    "a quote isn't closed"
                    if token.text in "'\""
                    else f"{short(token.text)} has no meaning here",
                    token,
                )
            found.append(token)
        return found

    def fail(self, message: str, token: Token | None = None, *hints: str) -> NoReturn:
        at = (token or self.token).place
        place = len(self.text) if at < 0 else at
        raise QueryInvalid(f"--where: {message}", pointed(self.text, place), *(hints or self.example()))

    def example(self) -> tuple[str, ...]:
        """Of the last number, which is counted as a rule, and of the first column of words."""
        tests = [f"{name} > 1k" for name in self.columns if name in self.numbers][-1:]
        words = {name: zero for name, zero in self.columns.items() if isinstance(zero, str)}
        tests += [f"{name} == {_quoted(zero)}" for name, zero in words.items()][:1]
        return (f"write it like '{' and '.join(tests)}'",) if tests else ()

    def take(self) -> Token:
        taken, self.token = self.token, next(self.coming, END)
        return taken

    def word(self, *words: str) -> bool:
        """Whether one of these comes; then it is taken."""
        found = self.token.kind in ("op", "word") and self.token.text.lower() in words
        if found:
            self.take()
        return found

    def or_(self) -> Predicate:
        tests = [self.and_()]
        while self.word("or"):
            tests.append(self.and_())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def and_(self) -> Predicate:
        tests = [self.not_()]
        while self.word("and"):
            tests.append(self.not_())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def not_(self) -> Predicate:
        negative = False
        while self.word("not"):
            negative = not negative
        test = self.in_parentheses() if self.token[:2] == ("op", "(") else self.comparison()
        return (lambda row: not test(row)) if negative else test

    def in_parentheses(self) -> Predicate:
        opened = self.take()
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail(f"parentheses go deeper than {DEEPEST}", opened)
        test = self.or_()
        if not self.word(")"):
            self.fail("this parenthesis isn't closed", opened)
        self.depth -= 1
        return test

    def comparison(self) -> Predicate:
        column = self.column()
        test = self.test(column)
        if column in self.columns:
            return lambda row: test(row.get(column))
        return lambda row: test(value_at(row, column))

    def column(self) -> str:
        """The name of a column, or of an element of an array."""
        token = (
            self.take() if self.token.kind == "word" else self.fail("here the name of a column is missing")
        )
        if found := named(token.text, self.columns):
            return found
        try:
            if element_ := element(token.text, self.columns):
                return element_
        except NoPlace as wrong:
            self.fail(wrong.message, token, *wrong.hints)
        hints = did_you_mean(token.text, [*self.columns])
        if nearest(token.text, self.columns):
            hints = (*hints, f"columns: {', '.join(self.columns)}")
        return self.fail(f"there is no column {short(token.text)}", token, *hints)

    def test(self, column: str) -> Test:
        negative = self.word("not")
        operator = self.take()
        sign = operator.text.lower()
        if sign == "in":
            test = self.checked(column, is_in, self.values(operator))
        elif negative or (sign not in ("==", "!=", "~") and sign not in ORDERS):
            hints = ("did you mean '=='?",) if sign == "=" else ("known: == != < <= > >= ~ in",)
            self.fail(f"after {column!r} a comparison is missing", operator, *hints)
        elif sign == "~":
            test = contains(_word(self.value(operator)))
        elif sign in ORDERS:
            test = self.checked(column, lambda words: in_order(sign, words[0]), [self.value(operator)])
        else:
            test = self.checked(column, lambda words: equals(words[0]), [self.value(operator)])
        return (lambda value: not test(value)) if negative or sign == "!=" else test

    def values(self, operator: Token) -> list[Token]:
        """One value, or several in parentheses."""
        opened = before = self.token
        if not self.word("("):
            return [self.value(operator)]
        found = []
        while not self.word(")"):
            if self.token.kind == "end":
                self.fail("this parenthesis isn't closed", opened)
            found.append(self.value(before))
            before = self.token if self.token.text == "," else found[-1]
            self.word(",")
        return found or self.fail("here values are missing", opened)

    def value(self, before: Token) -> Token:
        token = self.token
        if token.kind not in ("word", "quoted") or token.text.lower() in _RESERVED:
            self.fail(f"after {short(before.text)} a value is missing", token)
        return self.take()

    def checked(self, column: str, make: Callable[[Sequence[Word]], Test], tokens: Sequence[Token]) -> Test:
        words = [_word(token) for token in tokens]
        try:
            for word, token in zip(words, tokens, strict=True) if column in self.numbers else ():
                nothing = word.text.lower() in ("none", "null", "-")
                if not nothing and number_of(word) is None and range_of(word) is None:
                    self.fail(f"{column!r} holds numbers, {short(word.text)} isn't one", token)
            return make(words)
        except WrongWord as wrong:
            self.fail(wrong.message, tokens[0], *wrong.hints)


def _quoted(text: str) -> str:
    return text if re.fullmatch(r"[\w.:/-]+", text) else f'"{text}"'


def _word(token: Token) -> Word:
    quoted = token.kind == "quoted"
    return Word(token.text[1:-1] if quoted else token.text, quoted)
