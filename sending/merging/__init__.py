"""Mail merge: one letter and a person's values become that person's subject, HTML and text.

Compile once (`compile_plan`), keep the plan as JSON (`Plan.to_json`, `Plan.from_json`), merge for each recipient (`merge`).
The language is a part of Liquid: `{{ contact.first_name | default: "there" }}`, filters, conditions, loops, variables. No
second pass: what a value contains is never read as a template.
"""

from sending.merging.blocks import check
from sending.merging.compiling import compile_plan
from sending.merging.language import MergeError, Problem, Span, spans
from sending.merging.liquid_room import Unmergeable
from sending.merging.names import STANDARD_NAMES, known_names
from sending.merging.places import beginnings, fragment_problems
from sending.merging.plan import Hole, Part, Plan
from sending.merging.rendering import Chosen, Merged, fill, merge, merge_values, one_line, prepare
from sending.merging.values import header_line

__all__ = [
    "STANDARD_NAMES",
    "Chosen",
    "Hole",
    "MergeError",
    "Merged",
    "Part",
    "Plan",
    "Problem",
    "Span",
    "Unmergeable",
    "beginnings",
    "check",
    "compile_plan",
    "fill",
    "fragment_problems",
    "header_line",
    "known_names",
    "merge",
    "merge_values",
    "one_line",
    "prepare",
    "spans",
]
