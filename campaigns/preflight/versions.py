"""A test of versions can tell something: its groups are large enough, no two versions are the same, nothing else decides."""

from campaigns import ab_testing
from campaigns.ab_testing import Settings
from campaigns.preflight.facts import Facts, Test
from campaigns.preflight.results import Result

NAME, TITLE = "versions", "A/B test"


def check(facts: Facts) -> Result:
    test = facts.test
    if test is None:
        return Result(NAME, TITLE, "pass", "No versions are tested: everybody gets the same.")
    if test.is_careful:
        return Result(
            NAME,
            TITLE,
            "fail",
            "It tests versions and starts carefully: both would decide about the others.",
            "Save the test once more: that turns the careful start off.",
            "versions",
        )
    if test.same:
        one, other = test.same[0]
        return Result(
            NAME, TITLE, "fail", f"{one} and {other} are the same.", "Change one, or take it away.", "versions"
        )
    if facts.audience is None:
        return Result(NAME, TITLE, "unknown", "The audience could not be counted.", "Look again later.", "audience")
    settings = test.settings
    groups, rest = ab_testing.sizes(settings, test.versions, facts.sendable)
    least = min(groups)
    could_see = ab_testing.could_see(settings, test.versions, least, test.usual)
    if ab_testing.is_hopeless(test.versions, least, test.usual):
        return Result(
            NAME,
            TITLE,
            "warn",
            could_see,
            "Give more people a version, try fewer versions, or send it to everybody as it is.",
            "versions",
        )
    waiting = f"; {rest:,} wait for the winner" if settings.has_rest else ""
    said = f"{test.versions} versions, {least:,} people each{waiting}. {could_see}{_cautions(settings, test)}"
    return Result(NAME, TITLE, "pass", said, place="versions")


def _cautions(settings: Settings, test: Test) -> str:
    said = ""
    if settings.metric == "opens":
        said += " Opens tell less than clicks: privacy proxies open much mail that nobody reads, and hide who does."
    if settings.has_rest and (test.their_zones or test.is_spread):
        said += " The others get it as soon as it is decided, at whatever time of day that is, all at once."
    return said
