"""python-liquid, locked into a small room: our tags, our filters, our limits; no files, no includes, no clock but ours.

It parses every expression, evaluates those of holes, and renders what only an interpreter can (loops, variables).
Beyond Liquid: a blank value is a missing one (`== blank`, `== ""` and `== nil` are the same question), and comparing what
cannot be compared is false, never an error.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from io import StringIO
from typing import Any

from liquid import BoundTemplate, Environment, Mode, RenderContext
from liquid.ast import Node
from liquid.builtin.expressions import (
    BooleanExpression,
    FilteredExpression,
    Literal,
    LoopExpression,
    Path,
    tokenize,
)
from liquid.builtin.expressions.logical import (
    EqExpression,
    LogicalAndExpression,
    LogicalOrExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import Blank, Empty, Nil, StringLiteral
from liquid.builtin.tags.assign_tag import AssignTag
from liquid.builtin.tags.for_tag import ForTag
from liquid.builtin.tags.if_tag import IfNode, IfTag
from liquid.exceptions import LiquidError, LiquidTypeError
from liquid.expression import Expression
from liquid.output import LimitedStringIO
from liquid.stream import TokenStream
from liquid.token import TOKEN_EXPRESSION, Token

from sending.merging.filters import FILTERS
from sending.merging.names import GROUPS
from sending.merging.values import present

MAX_DEPTH = 15  # blocks in blocks
MAX_ITERATIONS = 10_000  # of all the loops of a hole together
MAX_OUTPUT = 500_000  # bytes of a hole
MAX_SECONDS = 0.2  # of the processor, for a whole letter; what may be compiled needs a hundredth of a second


class Unmergeable(ValueError):
    """This person's values make the letter break a limit; the text says which."""


class Values:
    """One recipient's values, as expressions look them up: flat names (`contact.first_name`), a language, a time zone.

    `deadline`: of this thread's processor time, by which their letter must be made.
    """

    __slots__ = ("autoescape", "deadline", "env", "locale", "values", "zone")

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.locale = str(values.get("reader.locale") or values.get("organization.locale") or "en")
        self.zone = str(values.get("contact.time_zone") or values.get("organization.time_zone") or "UTC")
        self.env = ENVIRONMENT
        self.autoescape = False
        self.deadline = time.thread_time() + MAX_SECONDS

    def look_at_the_clock(self) -> None:
        """Raises Unmergeable when the letter has taken too long."""
        if time.thread_time() > self.deadline:
            raise Unmergeable("The merge takes too long for this person's values.")

    def get(self, path: list[Any], *, token: object = None, default: object = None) -> Any:
        """What stands under a path; `.size`, `.first`, `.last` and `[n]` of lists. None where there is nothing."""
        if len(path) == 2:
            flat = f"{path[0]}.{path[1]}"
            if flat in self.values:
                return present(self.values[flat])
        elif len(path) == 1:
            return present(self.values.get(path[0]))
        for count in range(len(path), 0, -1):
            flat = ".".join(map(str, path[:count]))
            if flat in self.values:
                value = present(self.values[flat])
                for segment in path[count:]:
                    value = item_of(value, segment)
                return value
        return None

    def filter(self, name: str, token: object = None) -> Callable[..., Any]:
        found = FILTERS.get(name)
        if found is None:
            return ENVIRONMENT.filters[name]  # ours for the places where values stand
        return partial(found.run, context=self) if found.local else found.run


def item_of(value: Any, segment: Any) -> Any:
    """`.size`, `.first`, `.last` and `[n]` of a value; None for anything else."""
    if isinstance(value, list):
        if segment == "size":
            return len(value)
        try:
            return value[{"first": 0, "last": -1}.get(segment, segment)]
        except (IndexError, TypeError):
            return None
    if segment == "size" and isinstance(value, str):
        return len(value)
    return None


class _Missing(Blank):
    """`blank`, `empty`, `nil` or "" beside == and !=: equal to whatever is missing."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return present(other) is None if not isinstance(other, Expression) else isinstance(other, Blank | Empty)

    __hash__ = None  # type: ignore[assignment]


def _settled(expression: Expression) -> Expression:
    """The expression with our idea of missing values. It is changed in place."""
    if isinstance(expression, LogicalAndExpression | LogicalOrExpression):
        expression.left, expression.right = _settled(expression.left), _settled(expression.right)
    elif isinstance(expression, EqExpression | NeExpression):
        expression.left, expression.right = _or_missing(expression.left), _or_missing(expression.right)
    return expression


def _or_missing(expression: Expression) -> Expression:
    return _Missing(expression.token) if is_nothing(expression) else expression


def is_nothing(expression: Expression) -> bool:
    """Whether an expression writes down a missing value: nil, blank, empty or ""."""
    if isinstance(expression, StringLiteral):
        return not expression.value.strip()
    return isinstance(expression, Nil | Blank | Empty)


class Condition(BooleanExpression):
    """What stands after `if`: what cannot be compared is false."""

    __slots__ = ()

    def __init__(self, parsed: BooleanExpression) -> None:
        super().__init__(parsed.token, _settled(parsed.expression))

    def evaluate(self, context: Any) -> bool:
        try:
            return super().evaluate(context)
        except LiquidTypeError:
            return False


class _If(IfTag):
    def parse(self, stream: TokenStream) -> Node:
        node = super().parse(stream)
        if isinstance(node, IfNode):
            assert isinstance(node.condition, BooleanExpression)
            node.condition = Condition(node.condition)
            for alternative in node.alternatives:
                assert isinstance(alternative.expression, BooleanExpression)
                alternative.expression = Condition(alternative.expression)
        return node


class _Context(RenderContext):
    """A render's context: only the recipient's values, and an eye on the clock."""

    __slots__ = ("locale", "view", "zone")
    view: Values
    locale: str
    zone: str

    def get(self, path: list[object], *, token: Token | None, default: object = None) -> object:
        self.view.look_at_the_clock()
        root = path[0]
        try:
            value = self.scope[root]  # type: ignore[index]
        except (KeyError, TypeError):
            return None
        for segment in path[1:]:
            value = value[str(segment)] if isinstance(value, Mapping) else item_of(value, segment)
        return value

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        found = FILTERS.get(name)
        if found is None:
            return self.env.filters[name]
        return partial(found.run, context=self) if found.local else found.run


class _Roots(Mapping[str, Any]):
    """The names a template begins with: groups of values, addresses of links, and the slots that are filled already."""

    def __init__(self, values: Values, slots: list[str]) -> None:
        self.view, self.slots = values, slots

    def __getitem__(self, name: str) -> Any:
        if name in GROUPS:
            return _Group(self.view, name)
        return {"_slots": self.slots, "_open": "{", "_close": "}"}.get(name) or self.view.get([name])

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Any:
        return iter(GROUPS)

    def __len__(self) -> int:
        return len(GROUPS)


class _Group(Mapping[str, Any]):
    """`contact` and its like."""

    def __init__(self, values: Values, name: str) -> None:
        self.view, self.name = values, name

    def __getitem__(self, key: str) -> Any:
        return self.view.get([self.name, key])

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0


class _Template(BoundTemplate):
    context_class = _Context


class _Environment(Environment):
    template_class = _Template
    block_nesting_limit = MAX_DEPTH + 5
    context_depth_limit = MAX_DEPTH + 20
    loop_iteration_limit = MAX_ITERATIONS
    local_namespace_limit = 2_000_000
    output_stream_limit = MAX_OUTPUT
    suppress_blank_control_flow_blocks = False

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=False)
        kept = {"if": _If(self), "for": ForTag(self), "assign": AssignTag(self)}
        self.tags = {name: tag for name, tag in self.tags.items() if name not in _TAGS_OF_THE_LIBRARY} | kept
        self.filters = {name: each.run for name, each in FILTERS.items()}


_TAGS_OF_THE_LIBRARY = frozenset(
    "assign capture case comment cycle decrement doc echo for break continue if ifchanged include increment # liquid raw "
    "render tablerow unless".split()
)
ENVIRONMENT = _Environment(tolerance=Mode.STRICT, strict_filters=True)


def parse_value(source: str) -> FilteredExpression:
    """What stands between {{ and }}. Raises liquid.exceptions.LiquidError."""
    parsed = FilteredExpression.parse(ENVIRONMENT, _tokens(source))
    if not isinstance(parsed, FilteredExpression):
        raise LiquidError("not an expression", token=None)
    return parsed


def compiled_value(source: str) -> Callable[[Values], Any]:
    """What gives the value of an expression for one recipient: a name with filters is a chain of calls, nothing else."""
    parsed = parse_value(source)
    filters = parsed.filters or []
    arguments = [argument.value for each in filters for argument in each.args]
    if not isinstance(parsed.left, Path) or not all(isinstance(each, Literal) for each in arguments):
        return parsed.evaluate  # type: ignore[return-value]
    path = [str(segment) if isinstance(segment, str) else segment for segment in parsed.left.path]
    chain = [
        (
            FILTERS[each.name].run,
            tuple(argument.value.value for argument in each.args if isinstance(argument.value, Literal)),
            FILTERS[each.name].local,
        )
        for each in filters
    ]

    def run(view: Values) -> Any:
        value = view.get(path)
        for call, given, local in chain:
            value = call(value, *given, context=view) if local else call(value, *given)
        return value

    return run


def parse_condition(source: str) -> Condition:
    """What stands after `if`. Raises liquid.exceptions.LiquidError."""
    return Condition(BooleanExpression.parse(ENVIRONMENT, _tokens(source)))


def parse_loop(source: str) -> LoopExpression:
    """What stands after `for`. Raises liquid.exceptions.LiquidError."""
    return LoopExpression.parse(ENVIRONMENT, _tokens(source))


def parse_template(source: str) -> BoundTemplate:
    """A template of `if`, `for`, `assign` and outputs. Raises liquid.exceptions.LiquidError."""
    return ENVIRONMENT.from_string(source)


def render(template: BoundTemplate, values: Values, slots: list[str]) -> str:
    """The template for one recipient. Raises Unmergeable when a limit is passed."""
    context = _Context(template, globals=_Roots(values, slots))
    context.view, context.locale, context.zone = values, values.locale, values.zone
    buffer: StringIO = LimitedStringIO(limit=MAX_OUTPUT, newline="")  # line breaks stay what they are
    try:
        template.render_with_context(context, buffer)
    except LiquidError as error:
        raise Unmergeable(f"The merge does not work with this person's values: {error.message}.") from error
    except (RecursionError, MemoryError, OverflowError) as error:
        raise Unmergeable("The merge needs too much for this person's values.") from error
    return buffer.getvalue()


def _tokens(source: str) -> TokenStream:
    return TokenStream(tokenize(source, Token(TOKEN_EXPRESSION, source, 0, source)))
