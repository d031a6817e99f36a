"""Cut a tree into chunks and holes: what needs no interpreter becomes a hole of its own, the rest a template.

Loops, and whatever depends on a variable, become templates: a loop as a whole, a variable's use with the assignments before it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sending.merging import expressions
from sending.merging.blocks import Assign, Choice, Link, Node, Out, Repeat, Text
from sending.merging.expressions import Value
from sending.merging.names import URL_NAMES
from sending.merging.plan import Context, Hole, Part

Paths = frozenset[tuple[str, ...]]


@dataclass
class Slots:
    """Numbers for holes and links: the same hole or address twice is one number."""

    interpret: bool = False
    holes: dict[Hole, int] = field(default_factory=dict)
    links: dict[str, int] = field(default_factory=dict)
    work: int = 0

    def of(self, hole: Hole, work: int = 0) -> int:
        if hole not in self.holes:
            self.work += work
        return self.holes.setdefault(hole, len(self.holes))

    def link(self, url: str) -> int:
        return self.of(Hole("link", link=self.links.setdefault(url, len(self.links))))


class _Builder:
    """Collects static text and slots in turn into a part."""

    def __init__(self) -> None:
        self.chunks: list[str] = []
        self.slots: list[int] = []
        self.static: list[str] = []

    def text(self, value: str) -> None:
        self.static.append(value)

    def slot(self, number: int) -> None:
        self.chunks.append("".join(self.static))
        self.static = []
        self.slots.append(number)

    def part(self) -> Part:
        return Part((*self.chunks, "".join(self.static)), tuple(self.slots))


@dataclass(slots=True)
class _Address:
    """Whether nothing stands before here in the attribute that is being read: only what begins an address may lead away."""

    place: int = -1
    begins: bool = True

    def at(self, place: int) -> None:
        if place != self.place:
            self.place, self.begins = place, True


@dataclass(slots=True)
class _Known:
    """What is known at a place: fields that are surely there, variables, and the assignments that make these."""

    there: Paths = frozenset()
    variables: frozenset[str] = frozenset()
    before: tuple[str, ...] = ()
    before_work: int = 0
    before_names: tuple[str, ...] = ()


class Cutter:
    """Cuts one part."""

    def __init__(self, slots: Slots, context: Context) -> None:
        self.slots = slots
        self.context = context
        self.address = _Address()

    def part(self, nodes: list[Node]) -> Part:
        # What is assigned in one branch only is a variable in the others too, and missing there.
        known = _Known(variables=_assigned(nodes))
        if self.slots.interpret and any(not isinstance(node, Text) for node in nodes):
            builder = _Builder()
            builder.slot(self.template(nodes, known))
            return builder.part()
        return self.cut(nodes, known)

    def cut(self, nodes: list[Node], known: _Known) -> Part:
        builder = _Builder()
        for node in nodes:
            if isinstance(node, Text):
                self.static(node)
                builder.text(node.text)
            elif isinstance(node, Link):
                builder.slot(self.slots.link(node.address))
            elif isinstance(node, Out):
                builder.slot(self.out(node, known))
            elif isinstance(node, Choice):
                builder.slot(self.choice(node, known))
                self.learn(node, known)
            elif isinstance(node, Repeat):
                builder.slot(self.template([node], known))
                self.learn(node, known)
            else:
                self.learn(node, known)
        return builder.part()

    def static(self, node: Text) -> None:
        if node.place:
            self.address.at(node.place)
            self.address.begins = self.address.begins and not node.text.strip()

    def context_of(self, node: Out) -> Context:
        """Only what starts an address may say where it leads; anything later is data of that address."""
        if not node.place:
            return self.context
        self.address.at(node.place)
        begins, self.address.begins = self.address.begins, False
        if not node.is_url:
            return "html"
        return "whole_url" if begins else "url"

    # --- holes --------------------------------------------------------------------------------------------------------

    def out(self, node: Out, known: _Known) -> int:
        context = self.context_of(node)
        value = node.value
        if _depends(value.used, known.variables):
            return self.slots.of(
                Hole(
                    "liquid",
                    source="".join(known.before) + _output(value, context),
                    names=_names(value.used, known.variables, known.before_names),
                    gaps=_gaps(value, known),
                ),
                known.before_work + value.work + 1,
            )
        if value.is_plain:
            guarded = tuple(value.name.split(".")) in known.there
            return self.slots.of(
                Hole("value", value.name, context, value.default, guarded=guarded and not value.default)
            )
        names = _names(value.used, frozenset())
        return self.slots.of(
            Hole("expression", context=context, source=value.source, names=names, gaps=_gaps(value, known)), value.work
        )

    def choice(self, node: Choice, known: _Known) -> int:
        needs = any(condition and _depends(condition.paths, known.variables) for condition, _ in node.branches)
        source, work = "", sum(condition.work for condition, _ in node.branches if condition)
        if needs:
            source = "".join(known.before) + _numbered(node)
            work += known.before_work
        if node.place:
            self.address.at(node.place)
        before = self.address.begins, self.address.place
        ends: list[bool] = []
        parts: list[Part] = []
        for branch, inner in _branches(node, known):
            self.address.begins, self.address.place = before
            parts.append(self.cut(branch, inner))
            ends.append(self.address.begins)
        self.address.begins = all(ends)
        paths = [path for condition, _ in node.branches if condition for path in condition.paths]
        hole = Hole(
            "choice",
            source=source,
            conditions=() if needs else tuple(condition.source for condition, _ in node.branches if condition),
            parts=tuple(parts),
            names=_names(paths, known.variables, known.before_names if needs else ()),
        )
        return self.slots.of(hole, work)

    def template(self, nodes: list[Node], known: _Known) -> int:
        """A hole that only an interpreter can fill."""
        writer = _Writer(self)
        writer.write(nodes, _Known(known.there, known.variables), 1)
        needs = bool(writer.variables & known.variables)
        source = "".join(known.before if needs else ()) + "".join(writer.pieces)
        names = (*writer.names, *(known.before_names if needs else ()))
        hole = Hole("liquid", source=source, names=tuple(dict.fromkeys(names)), gaps=tuple(dict.fromkeys(writer.gaps)))
        return self.slots.of(hole, writer.work + (known.before_work if needs else 0))

    def learn(self, node: Node, known: _Known) -> None:
        """What an assignment, or a block with assignments, makes known to what comes after it."""
        if not _assigned([node]):
            return
        writer = _Writer(self, only_assignments=True)
        writer.write([node], _Known(known.there, known.variables), 1)
        known.before += tuple(writer.pieces)
        known.before_work += writer.work
        known.before_names = tuple(dict.fromkeys((*known.before_names, *writer.names)))


class _Writer:
    """Writes nodes as a template for the interpreter, in which every value is escaped for its place."""

    def __init__(self, cutter: Cutter, *, only_assignments: bool = False) -> None:
        self.cutter = cutter
        self.only_assignments = only_assignments
        self.pieces: list[str] = []
        self.names: list[str] = []
        self.gaps: list[str] = []
        self.variables: set[str] = set()
        self.work = 0

    def write(self, nodes: list[Node], known: _Known, times: int) -> None:
        for node in nodes:
            if self.only_assignments and not _assigned([node]):
                continue
            if isinstance(node, Assign):
                self.uses(node.value.used, known)
                if not node.value.guarded:
                    self.gaps += _gaps(node.value, known)
                self.work += times * max(node.value.work, 1)
                self.pieces.append(f"{{% assign {node.name} = {_source(node.value)} %}}")
                known.variables |= {node.name}
            elif isinstance(node, Text):
                self.cutter.static(node)
                self.work += times
                self.pieces.append(_literally(node.text))
            elif isinstance(node, Link):
                self.work += times
                self.pieces.append(f"{{{{ _slots[{self.cutter.slots.link(node.address)}] }}}}")
            elif isinstance(node, Out):
                self.uses(node.value.used, known)
                self.gaps += _gaps(node.value, known)
                self.work += times * (node.value.work + 2)
                self.pieces.append(_output(node.value, self.cutter.context_of(node)))
            elif isinstance(node, Choice):
                self.choice(node, known, times)
            else:
                self.repeat(node, known, times)

    def uses(self, paths: Iterable[tuple[str, ...]], known: _Known) -> None:
        for path in paths:
            if path[0] in known.variables or path[0] == "forloop":
                self.variables.add(path[0])
            else:
                self.names.append(expressions.base_of(path))

    def choice(self, node: Choice, known: _Known, times: int) -> None:
        address = self.cutter.address
        if node.place:
            address.at(node.place)
        before = address.begins, address.place
        ends: list[bool] = []
        for number, ((condition, _), (branch, inner)) in enumerate(
            zip(node.branches, _branches(node, known), strict=True)
        ):
            if condition:
                self.uses(condition.paths, known)
                self.work += times * condition.work
                self.pieces.append(f"{{% {'elsif' if number else 'if'} {condition.source} %}}")
            else:
                self.pieces.append("{% else %}" if number else "{% if true %}")
            address.begins, address.place = before
            self.write(branch, inner, times)
            ends.append(address.begins)
            known.variables |= inner.variables
        address.begins = all(ends)
        self.pieces.append("{% endif %}")

    def repeat(self, node: Repeat, known: _Known, times: int) -> None:
        self.uses(node.loop.paths, known)
        self.work += times
        self.pieces.append(f"{{% for {node.loop.source} %}}")
        address = self.cutter.address
        if node.place:
            address.at(node.place)
        before = address.begins
        # The second time round, something stands before what the loop begins with.
        address.begins = False
        inner = _Known(known.there, known.variables | {node.loop.variable})
        self.write(node.body, inner, times * max(node.loop.most, 1))
        if node.otherwise:
            self.pieces.append("{% else %}")
            address.begins = before
            other = _Known(known.there, known.variables)
            self.write(node.otherwise, other, times)
            known.variables |= other.variables
        known.variables |= inner.variables - {node.loop.variable}
        address.begins = False if node.body or node.otherwise else before
        self.pieces.append("{% endfor %}")


# --- sources ----------------------------------------------------------------------------------------------------------


def _branches(node: Choice, known: _Known) -> Iterable[tuple[list[Node], _Known]]:
    """The branches with what is known in each: its condition is met, those before it are not."""
    there = known.there
    for condition, branch in node.branches:
        met = there | condition.if_true if condition else there
        yield branch, _Known(met, known.variables, known.before, known.before_work, known.before_names)
        if condition:
            there = there | condition.if_false


def _numbered(node: Choice) -> str:
    """A template that gives the number of the branch."""
    pieces: list[str] = []
    for number, (condition, _) in enumerate(node.branches):
        if condition:
            pieces.append(f"{{% {'elsif' if number else 'if'} {condition.source} %}}{number}")
        else:
            pieces.append(f"{{% else %}}{number}" if number else str(number))
    return "".join(pieces) + ("{% endif %}" if node.branches[0][0] else "")


def _output(value: Value, context: Context) -> str:
    name = f", {_quoted(value.name)}" if value.name in URL_NAMES else ""
    return f"{{{{ {_source(value)} | _{context}: {_quoted(value.default)}{name} }}}}"


def _source(value: Value) -> str:
    if not value.is_plain:
        return value.source
    return f"{value.name} | default: {_quoted(value.default)}" if value.default else value.name


def _quoted(words: str) -> str:
    """Words as a literal. Liquid has no way to write both kinds of quotes in one."""
    quote = "'" if '"' in words else '"'
    if quote in words:
        words = words.replace("'", "’")
    return f"{quote}{words.replace('}}', '} }').replace('%}', '% }')}{quote}"


def _literally(text: str) -> str:
    """Text that no brace of its own can turn into a template."""
    if "{" not in text and "}" not in text:
        return text
    return "".join({"{": "{{ _open }}", "}": "{{ _close }}"}.get(character, character) for character in text)


def _depends(paths: Iterable[tuple[str, ...]], variables: frozenset[str]) -> bool:
    return any(path[0] in variables for path in paths)


def _names(paths: Iterable[tuple[str, ...]], variables: frozenset[str], more: tuple[str, ...] = ()) -> tuple[str, ...]:
    here = (expressions.base_of(path) for path in paths if path[0] not in variables)
    return tuple(dict.fromkeys((*here, *more)))


def _gaps(value: Value, known: _Known) -> tuple[str, ...]:
    """The names that leave a gap where they are missing."""
    if value.guarded:
        return ()
    names = (
        expressions.base_of(path) for path in value.used if path[0] not in known.variables and path[0] != "forloop"
    )
    return tuple(name for name in dict.fromkeys(names) if tuple(name.split(".")) not in known.there)


def _assigned(nodes: Iterable[Node]) -> frozenset[str]:
    """The variables that nodes assign, at any depth (which `blocks` keeps small)."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, Assign):
            found.add(node.name)
        elif isinstance(node, Choice):
            found |= _assigned(inner for _, branch in node.branches for inner in branch)
        elif isinstance(node, Repeat):
            found |= _assigned([*node.body, *node.otherwise])
    return frozenset(found)
