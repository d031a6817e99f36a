"""From a segment's tree to SQL about the contact `c`, with every value a parameter. True or false, never NULL.

Two forms of the same question (see `memberships`): `compile_tree` is one expression that looks people up one by one, for
pages and samples; `compile_whole` is joins and an expression, for counting and mailing everybody. Dates are kept as ISO text
in contacts_contact.values and compared as such (COLLATE "C"), which cannot fail on a value and sorts as dates do. "Within
the last 7 days" means today and the seven days before it, in the organization's zone.
"""

from dataclasses import dataclass, replace
from typing import Any

import idna

from contacts.segments import behaviour, dates
from contacts.segments.clock import Clock
from contacts.segments.knowledge import Catalogue
from contacts.segments.memberships import Membership
from contacts.segments.nesting import expand
from contacts.segments.providers import OTHER
from contacts.segments.sql import FALSE, TRUE, Sql, either, joined, negated
from contacts.segments.tree import Activity, Condition, Consent, Rule, several

# contacts.enums.SubscriptionState, which an engine cannot import; a test holds them.
SUBSCRIBED, PENDING, UNSUBSCRIBED = 1, 2, 3
NOTHING = Catalogue()


@dataclass(frozen=True, slots=True)
class Whole:
    """`FROM contacts_contact c {joins} WHERE {fits}`. The joins add no row and lose none."""

    joins: Sql
    fits: Sql

    @property
    def params(self) -> tuple[Any, ...]:
        return (*self.joins.params, *self.fits.params)


def compile_tree(tree: Rule, clock: Clock, known: Catalogue = NOTHING) -> Sql:
    """One boolean expression, for a FROM that calls contacts_contact `c`. Raises BadDefinition (a ring of segments)."""
    return Compiler(clock, known, whole=False).sql(expand(tree, known))


def compile_whole(tree: Rule, clock: Clock, known: Catalogue = NOTHING) -> Whole:
    """Joins and an expression over them. Raises BadDefinition (a ring of segments)."""
    compiler = Compiler(clock, known, whole=True)
    fits = compiler.sql(expand(tree, known))
    return Whole(compiler.joins, fits)


class Compiler:
    """Compiles expanded rules one after the other; with `whole`, `joins` is what all of them need together."""

    def __init__(self, clock: Clock, known: Catalogue, *, whole: bool) -> None:
        self.clock = clock
        self.known = known
        self._whole = whole
        self._aliases: dict[Membership, str] = {}

    @property
    def joins(self) -> Sql:
        parts = [membership.join(alias) for membership, alias in self._aliases.items()]
        return Sql(" ".join(part.text for part in parts), tuple(param for part in parts for param in part.params))

    def sql(self, rule: Rule) -> Sql:
        if isinstance(rule, Condition):
            return self._condition(rule)
        parts = [self.sql(one) for one in rule.rules]
        if not parts:
            return TRUE
        found = parts[0] if len(parts) == 1 else joined(" AND " if rule.match == "all" else " OR ", parts)
        return negated(Sql(f"({found.text})", found.params)) if rule.match == "none" else found

    def _among(self, membership: Membership | None, *, so: bool = True) -> Sql:
        """That the person is (or is not) among them; nobody is among None."""
        if membership is None:
            return FALSE if so else TRUE
        if not self._whole:
            found = membership.probe()
            return found if so else negated(found)
        alias = self._aliases.setdefault(membership, f"m{len(self._aliases) + 1}")
        return Sql(f"{alias}.k IS NOT NULL" if so else f"{alias}.k IS NULL")

    def _condition(self, condition: Condition) -> Sql:
        match condition.kind:
            case "text":
                if condition.about == "address":
                    return _text(condition, Sql("c.address_key"))
                return _text(condition, Sql('c."values" ->> %s', (condition.key,)))
            case "domain":
                return _text(_in_a_labels(condition), Sql("c.domain"))
            case "language":
                return _language(condition)
            case "number":
                return _number(condition)
            case "boolean":
                return _boolean(condition)
            case "multi":
                return _multi(condition)
            case "day" | "moment" | "created":
                return dates.condition(condition, self.clock)
            case "source":
                return Sql("c.source = %s" if condition.op == "is" else "c.source <> %s", (condition.value,))
            case "import" | "form":
                return self._came_by(condition)
            case "provider":
                return self._provider(condition)
            case "tag":
                return self._tag(condition)
            case "topic":
                return self._topic(condition)
            case "suppressed":
                return self._suppressed(condition)
        return self._behaviour(condition)

    def _came_by(self, condition: Condition) -> Sql:
        known = self.known.imports if condition.kind == "import" else self.known.forms
        word = "IS NOT DISTINCT FROM" if condition.op == "is" else "IS DISTINCT FROM"
        return Sql(f"(c.{condition.kind}_id {word} %s)", (known[str(condition.value)].id,))

    def _topic(self, condition: Condition) -> Sql:
        state = {"unsubscribed": UNSUBSCRIBED, "pending": PENDING}.get(condition.op, SUBSCRIBED)
        rows = Sql("cs.topic_id = %s AND cs.state = %s", (self.known.topics[str(condition.value)].id, state))
        membership = Membership("contacts_subscription cs", "cs.contact_id", rows, unique=True)
        return self._among(membership, so=condition.op != "not_subscribed")

    def _tag(self, condition: Condition) -> Sql:
        ids = tuple(sorted(self.known.tags[name].id for name in several(condition.value)))
        having = Sql("count(*) = %s", (len(ids),)) if condition.op == "all_of" and len(ids) > 1 else None
        rows = Sql("t.tag_id = ANY(%s::bigint[])", (ids,))
        membership = Membership("contacts_tagging t", "t.contact_id", rows, having, unique=len(ids) == 1)
        return self._among(membership, so=condition.op != "none_of")

    def _suppressed(self, condition: Condition) -> Sql:
        """Of all mail or of all marketing mail; what stands for one topic only is that topic's matter."""
        source = (
            "(SELECT s.address_key, s.reason FROM contacts_suppression s WHERE s.organization_id = %s AND s.lifted_at IS NULL"
            " AND s.topic_id IS NULL UNION ALL SELECT h.address_key, 'house'::varchar FROM contacts_housesuppression h) x"
        )
        rows = Sql("x.reason = ANY(%s)", (condition.value,)) if condition.op == "because" else TRUE
        membership = Membership(
            source, "x.address_key", rows, of="c.address_key", source_params=(self.known.organization,)
        )
        return self._among(membership, so=condition.op != "no")

    def _provider(self, condition: Condition) -> Sql:
        """What the relay has learned of the domain comes before what is well known of it."""
        name, homes = str(condition.value), self.known.mail.homes
        others = tuple(domain for one, domains in self.known.providers.items() if one != OTHER for domain in domains)
        if name == OTHER:
            well_known = Sql("c.domain <> ALL(%s)", (list(others),))
        else:
            well_known = Sql("c.domain = ANY(%s)", (list(self.known.providers[name]),))
        if homes:
            learned = Membership(homes, "domain", Sql("provider = %s", (name,)), unique=True, of="c.domain")
            unknown = self._among(Membership(homes, "domain", TRUE, unique=True, of="c.domain"), so=False)
            guessed = Sql(f"({unknown.text} AND {well_known.text})", (*unknown.params, *well_known.params))
            well_known = either(self._among(learned), guessed)
        return negated(Sql(f"({well_known.text})", well_known.params)) if condition.op == "is_not" else well_known

    def _behaviour(self, condition: Condition) -> Sql:
        match condition.value:
            case Activity() as wanted:
                so = condition.op == "at_least" or (condition.op == "exactly" and wanted.times > 0)
                return self._among(behaviour.activity(condition, wanted, self.clock, self.known), so=so)
            case Consent() as wanted:
                so = not condition.op.startswith("not_")
                return self._among(behaviour.consent(condition, wanted, self.clock, self.known), so=so)
            case int(points) if condition.kind == "score":
                return self._score(condition.op, points)
        raise AssertionError(condition)

    def _score(self, op: str, points: int) -> Sql:
        """Most people have no row and the score 0; so whatever is true of 0 is asked by its opposite."""
        compare, opposite = {"ge": (">=", "<"), "le": ("<=", ">"), "eq": ("=", "<>")}[op]
        if op == "le" or points == 0:
            return self._among(behaviour.engaged(opposite, points, self.clock, self.known), so=False)
        return self._among(behaviour.engaged(compare, points, self.clock, self.known))


def _text(condition: Condition, of: Sql) -> Sql:
    have, params, value = f"lower(coalesce({of.text}, ''))", of.params, condition.value
    match condition.op:
        case "empty":
            return Sql(f"coalesce({of.text}, '') = ''", params)
        case "not_empty":
            return Sql(f"coalesce({of.text}, '') <> ''", params)
        case "is":
            return Sql(f"{have} = lower(%s)", (*params, value))
        case "is_not":
            return Sql(f"{have} <> lower(%s)", (*params, value))
        case "contains":
            return Sql(f"strpos({have}, lower(%s)) > 0", (*params, value))
        case "not_contains":
            return Sql(f"strpos({have}, lower(%s)) = 0", (*params, value))
        case "starts":
            return Sql(f"starts_with({have}, lower(%s))", (*params, value))
        case "one_of" if isinstance(value, tuple):
            return Sql(f"{have} IN ({', '.join(['lower(%s)'] * len(value))})", (*params, *value))
    raise AssertionError(condition.op)


def _in_a_labels(condition: Condition) -> Condition:
    """Domains are kept as A-labels; people write münchen.example."""

    def encoded(domain: str) -> str:
        try:
            return idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError:
            return domain

    match condition.value:
        case str(domain) if condition.op in ("is", "is_not"):
            return replace(condition, value=encoded(domain))
        case tuple(domains):
            return replace(condition, value=tuple(map(encoded, map(str, domains))))
    return condition


def _language(condition: Condition) -> Sql:
    """ "pt" is said of pt and of pt-BR; "pt-BR" of pt-BR only."""
    have = "lower(replace(c.locale, '_', '-'))"

    def speaks(language: str) -> Sql:
        language = language.replace("_", "-")
        return Sql(f"({have} = lower(%s) OR starts_with({have}, lower(%s)))", (language, f"{language}-"))

    match condition.op:
        case "empty":
            return Sql("c.locale = ''")
        case "not_empty":
            return Sql("c.locale <> ''")
    values = condition.value if isinstance(condition.value, tuple) else (str(condition.value),)
    said = either(*(speaks(str(value)) for value in values))
    return negated(said) if condition.op == "is_not" else said


_COMPARE = {"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def _number(condition: Condition) -> Sql:
    key = condition.key
    is_number = "coalesce(jsonb_typeof(c.\"values\" -> %s), '') = 'number'"
    match condition.op:
        case "not_empty":
            return Sql(is_number, (key,))
        case "empty":
            return Sql(f"NOT {is_number}", (key,))
        case "ne":
            return Sql(
                f'CASE WHEN {is_number} THEN (c."values" ->> %s)::numeric <> %s ELSE TRUE END',
                (key, key, condition.value),
            )
    return Sql(
        f'CASE WHEN {is_number} THEN (c."values" ->> %s)::numeric {_COMPARE[condition.op]} %s ELSE FALSE END',
        (key, key, condition.value),
    )


def _boolean(condition: Condition) -> Sql:
    have = "coalesce(c.\"values\" ->> %s, '')"
    match condition.op:
        case "yes":
            return Sql(f"{have} = 'true'", (condition.key,))
        case "no":
            return Sql(f"{have} = 'false'", (condition.key,))
        case "not_empty":
            return Sql(f"{have} IN ('true', 'false')", (condition.key,))
    return Sql(f"{have} NOT IN ('true', 'false')", (condition.key,))


def _multi(condition: Condition) -> Sql:
    """Kept as a list of the chosen words, compared as they are written."""
    have = 'c."values" -> %s'
    nothing = "IN ('[]', '\"\"', 'null')"
    match condition.op:
        case "empty":
            return Sql(f"coalesce({have}, '[]') {nothing}", (condition.key,))
        case "not_empty":
            return Sql(f"coalesce({have}, '[]') NOT {nothing}", (condition.key,))
    words = list(condition.value) if isinstance(condition.value, tuple) else []
    found = Sql(
        f"coalesce(({have}) {'?&' if condition.op == 'all_of' else '?|'} %s::text[], FALSE)", (condition.key, words)
    )
    return negated(found) if condition.op == "none_of" else found
