"""Segments in segments: rings are refused by name, sizes are limited, and what breaks inside is told outside."""

import pytest

from contacts.segments import nesting, tree
from contacts.segments.knowledge import Catalogue, Inner
from contacts.segments.reading import BadDefinition


def having(*names, op="in", **more):
    return {"match": "all", "rules": [{"about": "segment", "op": op, "value": name} for name in names], **more}


def catalogue(**definitions):
    return Catalogue(
        kinds={"city": "text"},
        labels={"city": "City"},
        segments={name: Inner(name.upper(), definition) for name, definition in definitions.items()},
    )


def expanded(known, definition, **kwargs):
    return nesting.expand(tree.parse(definition, known), known, **kwargs)


OSLO = {"match": "any", "rules": [{"about": "field:city", "op": "is", "value": "Oslo"}]}


def test_an_inner_segment_is_put_in_its_place():
    known = catalogue(a=OSLO)
    inner = tree.parse(OSLO, known)
    assert expanded(known, having("a")) == tree.Group("all", (inner,))
    assert expanded(known, having("a", op="not_in")) == tree.Group("all", (tree.Group("none", (inner,)),))


def test_a_ring_is_refused_with_its_name():
    known = catalogue(a=having("b"), b=having("c"), c=having("a"))
    with pytest.raises(
        BadDefinition, match=r"ring: “B” → “C” → “A” → “B”\. A segment cannot contain itself"
    ) as refused:
        expanded(known, having("b"), me="mine", name="Mine")
    assert refused.value.path == (0,)
    with pytest.raises(BadDefinition, match="“A” → “A”"):
        expanded(catalogue(a=OSLO), having("a"), me="a", name="A")
    with pytest.raises(BadDefinition, match="“A” → “B” → “C” → “A”"):
        expanded(known, having("a"))


def test_depth_and_size_are_those_of_the_whole():
    deep = {"s0": OSLO} | {f"s{n}": having(f"s{n - 1}") for n in range(1, 8)}
    expanded(catalogue(**deep), having("s3"))
    with pytest.raises(BadDefinition, match="deep in each other"):
        expanded(catalogue(**deep), having("s7"))
    wide = {"s0": {"match": "any", "rules": OSLO["rules"] * 90}, "s1": having(*["s0"] * 4)}
    with pytest.raises(BadDefinition, match=f"more than {nesting.MAX_EXPANDED}"):
        expanded(catalogue(**wide), having("s1"))


def test_a_bomb_of_segments_is_refused_at_once():
    bomb = {"s0": OSLO} | {f"s{n}": having(*[f"s{n - 1}"] * 99) for n in range(1, 6)}
    with pytest.raises(BadDefinition, match="conditions"):
        expanded(catalogue(**bomb), having("s4"))


def test_what_broke_inside_is_told_with_its_name():
    known = catalogue(a={"match": "all", "rules": [{"about": "field:gone", "op": "is", "value": "x"}]}, b=having("a"))
    with pytest.raises(
        BadDefinition, match="The segment “A” cannot be understood any more: There is no field 'gone'"
    ) as bad:
        expanded(known, {"match": "any", "rules": [*OSLO["rules"], *having("b")["rules"]]})
    assert bad.value.path == (1,)


def test_who_contains_whom():
    definitions = {"a": OSLO, "b": having("a"), "c": having("b"), "d": OSLO, "e": having("c", "a"), "f": "nonsense"}
    assert nesting.containing("a", definitions) == ["b", "e", "c"]
    assert nesting.containing("d", definitions) == []
    assert list(nesting.contained({"rules": [{"about": "segment", "value": 7}, None, {"rules": 3}]})) == []


def test_abouts_of_a_very_deep_thing():
    node = {"about": "tag"}
    for _ in range(5_000):
        node = {"rules": [node]}
    assert list(nesting.abouts(node)) == ["tag"]
