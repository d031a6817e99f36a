"""Mail merge: one letter and a person's values become that person's subject, HTML and text.

Compile once (`compile_plan`), keep the plan as JSON (`Plan.to_json`, `Plan.from_json`), merge for each recipient (`merge`).
The language is a subset of Liquid: `{{ contact.first_name | default: "there" }}`. No logic, no second pass: what a value
contains is never read as a template.
"""

from sending.merging.compiling import compile_plan
from sending.merging.language import Expression, MergeError, Problem, check, expressions
from sending.merging.names import STANDARD_NAMES, known_names
from sending.merging.plan import Hole, Part, Plan
from sending.merging.rendering import Merged, fill, merge, merge_values, one_line

__all__ = [
    "STANDARD_NAMES",
    "Expression",
    "Hole",
    "MergeError",
    "Merged",
    "Part",
    "Plan",
    "Problem",
    "check",
    "compile_plan",
    "expressions",
    "fill",
    "known_names",
    "merge",
    "merge_values",
    "one_line",
]
