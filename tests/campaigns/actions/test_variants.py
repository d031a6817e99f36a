"""Versions of a draft: set up, changed, given up, copied; and how a launch deals them out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Brand, Organization, User
from accounts.tenancy import tenant_scope
from campaigns import ab_testing
from campaigns.actions import approvals, copies, launches, schedules, variants, winners
from campaigns.actions import campaigns as drafts
from campaigns.enums import CampaignState, Differs, Metric, Unsure
from campaigns.errors import Refused, Unlawful
from campaigns.models import Campaign, Design, Variant
from campaigns.queries import checklist, fingerprints
from campaigns.queries import variants as reading
from contacts.models import Contact, Suppression, Topic
from reputation.queries import totals
from sending.enums import REST, DeliveryState, Hold
from sending.models import Delivery, Letter, Mailing, MailingVariant

People = Callable[..., list[Contact]]


def set_up(campaign: Campaign, actor: User, **choices: Any) -> Campaign:
    """Inside of the organization's scope: B says something else, unless it is told otherwise."""
    chosen: dict[str, Any] = {
        "what": Differs.SUBJECT,
        "versions": [{"subject": "Something else"}],
        "share": 40,
        "metric": Metric.CLICKS,
        "minutes": 60,
        **choices,
    }
    variants.set_up(campaign=campaign, actor=actor, **chosen)
    return fresh(campaign)


def with_content(campaign: Campaign, actor: User) -> Campaign:
    """B says one thing more, "Of B"."""
    campaign = set_up(campaign, actor, what=Differs.CONTENT)
    assert campaign.design is not None
    more = "<mj-section><mj-column><mj-text>Of B</mj-text></mj-column></mj-section></mj-body>"
    mjml = campaign.design.mjml.replace("</mj-body>", more)
    variants.choose_content(campaign=campaign, number=2, name="Other", mjml=mjml, actor=actor)
    return campaign


def launch(campaign: Campaign, actor: User) -> Campaign:
    launches.launch(campaign=campaign, actor=actor, accepted=[r.name for r in checklist.results(campaign)])
    launches.freeze(campaign=campaign)
    return fresh(campaign)


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_related("mailing__letter", "organization", "brand", "design", "topic", "domain").get(
        pk=campaign.pk
    )


def sizes() -> dict[int, int]:
    found: dict[int, int] = {}
    for variant in Delivery.objects.exclude(contact=None).values_list("variant", flat=True):
        found[variant] = found.get(variant, 0) + 1
    return found


def test_set_up_changed_and_given_up(organization: Organization, draft: Campaign, marketer: User) -> None:
    with tenant_scope(organization):
        schedules.choose(campaign=draft, actor=marketer, undo_minutes=0, canary={"percent": 5})
        campaign = set_up(draft, marketer, versions=[{"subject": "Two"}, {"subject": " Thr\x00ee \n"}])
        assert campaign.canary == {}  # both would decide
        assert [row.subject for row in reading.rows(campaign)] == ["", "Two", "Three"]
        assert [each.campaign.subject for each in reading.of(campaign)] == [draft.subject, "Two", "Three"]
        with pytest.raises(Refused, match="Turn the careful start off"):
            schedules.choose(campaign=campaign, actor=marketer, canary={"percent": 5})

        campaign = set_up(campaign, marketer, what=Differs.CONTENT, versions=[{}, {}, {}])
        own = [each.campaign.design_id for each in reading.of(campaign)]
        assert len(set(own)) == 4 and own[0] == campaign.design_id
        assert [row.subject for row in reading.rows(campaign)] == ["", "Two", "Three", ""]  # nothing is lost
        campaign = set_up(campaign, marketer, versions=[{}])
        assert [each.campaign.subject for each in reading.of(campaign)][1] == "Two"
        assert Design.objects.filter(pk__in=own).count() == 2  # B's is kept, C's and D's went with them

        variants.give_up(campaign=campaign, actor=marketer)
        assert fresh(draft).test == {} and not Variant.objects.exists()
        assert Design.objects.filter(pk__in=own).count() == 1


@pytest.mark.parametrize(
    "changed",
    [{"share": 4}, {"share": 101}, {"minutes": 0}, {"minutes": 99_999}, {"versions": []}, {"versions": [{}] * 5}],
)
def test_what_makes_no_sense_is_refused(
    organization: Organization, draft: Campaign, marketer: User, changed: dict[str, Any]
) -> None:
    with tenant_scope(organization):
        with pytest.raises(Refused):
            set_up(draft, marketer, **changed)
        assert fresh(draft).test == {}


def test_content_is_wanted_before_it_is_tested(organization: Organization, draft: Campaign, marketer: User) -> None:
    with tenant_scope(organization):
        Campaign.objects.update(design=None)
        with pytest.raises(Refused, match="Pick the campaign's content first"):
            set_up(draft, marketer, what=Differs.CONTENT)


def test_a_started_campaign_is_left_alone(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(20)
    with tenant_scope(organization):
        campaign = launch(set_up(draft, marketer), marketer)
        for verb in (
            lambda: set_up(campaign, marketer),
            lambda: variants.give_up(campaign=campaign, actor=marketer),
            lambda: variants.choose_content(campaign=campaign, number=2, name="x", mjml="<mjml/>", actor=marketer),
        ):
            with pytest.raises(Unlawful):
                verb()


def test_a_discarded_draft_leaves_no_content_behind(
    organization: Organization, draft: Campaign, marketer: User
) -> None:
    with tenant_scope(organization):
        campaign = set_up(draft, marketer, what=Differs.CONTENT)
        drafts.discard(campaign=campaign, actor=marketer)
        assert not Variant.objects.exists() and not Design.objects.filter(is_template=False).exists()


def test_versions_go_with_the_campaign_to_another_brand(
    organization: Organization, draft: Campaign, marketer: User
) -> None:
    with tenant_scope(organization):
        campaign = set_up(draft, marketer, what=Differs.CONTENT)
        brand = Brand.objects.create(organization=organization, name="Other")
        topic = Topic.objects.create(organization=organization, brand=brand, name="Theirs")
        drafts.edit(campaign=campaign, actor=marketer, topic=topic)
        assert {each.campaign.design.brand for each in reading.of(fresh(campaign))} == {brand}


def test_a_duplicate_has_its_own_versions(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(20)
    with tenant_scope(organization):
        campaign = launch(with_content(draft, marketer), marketer)
        winners.choose(campaign=campaign, number=2, actor=marketer)
        made = fresh(copies.duplicate(campaign=fresh(campaign), actor=marketer))
        assert made.test == ab_testing.choices(campaign.test) and made.state == CampaignState.DRAFT
        theirs, own = reading.of(campaign), reading.of(made)
        assert [each.campaign.design.mjml for each in own] == [each.campaign.design.mjml for each in theirs]
        assert not {each.campaign.design_id for each in own} & {each.campaign.design_id for each in theirs}


def test_the_versions_are_dealt_out_and_the_rest_waits(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    skipped = people(203)[:3]
    with tenant_scope(organization):
        for contact in skipped:
            Suppression.objects.create(
                organization=organization, address_key=contact.address_key, reason="manual", source="person"
            )
        campaign = launch(set_up(draft, marketer, versions=[{"subject": "Two"}, {"subject": "Three"}]), marketer)
        groups, rest = ab_testing.sizes(reading.Settings.of(campaign.test), 3, 200)  # type: ignore[arg-type]
        assert sizes() == {0: 3, 1: groups[0], 2: groups[1], 3: groups[2], REST: rest}
        frozen = {row.variant: row for row in MailingVariant.objects.select_related("letter")}
        assert [frozen[number].letter.subject for number in (1, 2, 3)] == [draft.subject, "Two", "Three"]
        assert frozen[REST].hold == Hold.REST and {frozen[number].hold for number in (1, 2, 3)} == {None}
        results = reading.results(campaign)
        assert results is not None and results.together == results.audience == 203
        assert sum(c.audience for c in totals.by_variant(campaign.mailing_id).values()) == 203


def test_at_a_hundred_per_cent_nobody_waits(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(101)
    with tenant_scope(organization):
        campaign = launch(set_up(draft, marketer, share=100), marketer)
        assert sizes() == {1: 50, 2: 51} and not MailingVariant.objects.filter(variant=REST).exists()
        assert winners.watch(campaign=campaign) == ""
        with pytest.raises(Unlawful, match="Nobody waits"):
            winners.choose(campaign=campaign, number=1, actor=marketer)
        results = reading.results(campaign)
        assert results is not None and results.rest is None and results.together == 101


@pytest.mark.parametrize(
    ("what", "given", "differs"),
    [
        (Differs.SUBJECT, {"subject": "Two"}, "subject"),
        (Differs.PREHEADER, {"preheader": "Look inside"}, "preheader"),
        (Differs.FROM_NAME, {"from_name": "Rosa of Kettles"}, "from_name"),
    ],
)
def test_each_letter_has_what_differs_and_nothing_else(
    organization: Organization,
    draft: Campaign,
    people: People,
    marketer: User,
    what: Differs,
    given: dict[str, str],
    differs: str,
) -> None:
    people(20)
    with tenant_scope(organization):
        launch(set_up(draft, marketer, what=what, versions=[given]), marketer)
        a, b = (row.letter for row in MailingVariant.objects.filter(variant__in=(1, 2)).order_by("variant"))
        assert getattr(b, differs) == given[differs] != getattr(a, differs)
        same = {"subject", "preheader", "from_name", "from_local", "reply_to", "links"} - {differs}
        assert all(getattr(a, name) == getattr(b, name) for name in same)
        if what == Differs.PREHEADER:
            assert "Look inside" in b.html and "Look inside" not in a.html


def test_content_is_frozen_at_the_launch(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(20)
    with tenant_scope(organization):
        launch(with_content(draft, marketer), marketer)
        Design.objects.filter(is_template=False).update(mjml="<mjml></mjml>")
        a, b = (row.letter for row in MailingVariant.objects.filter(variant__in=(1, 2)).order_by("variant"))
        assert "Of B" in b.html and "Of B" not in a.html


def test_a_test_of_the_time_leaves_later_and_has_one_letter(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(40)
    with tenant_scope(organization):
        campaign = launch(
            set_up(draft, marketer, what=Differs.TIME, versions=[{"delay_minutes": 120}, {"delay_minutes": 300}]),
            marketer,
        )
        assert len({row.letter_id for row in MailingVariant.objects.all()}) == 1
        due = {
            number: set(Delivery.objects.filter(variant=number).values_list("due_at", flat=True))
            for number in (1, 2, 3, REST)
        }
        assert all(len(moments) == 1 for moments in due.values())
        (first,), (second,), (third,) = due[1], due[2], due[3]
        assert (second - first, third - first) == (timedelta(hours=2), timedelta(hours=5))
        settings = reading.Settings.of(campaign.test)
        assert settings is not None
        assert ab_testing.ends(campaign.test, settings) == {
            1: first + timedelta(hours=1),
            2: second + timedelta(hours=1),
            3: third + timedelta(hours=1),
        }
        assert reading.over_at(campaign) == third + timedelta(hours=1)


def test_the_time_begins_with_the_last_of_a_spread_in_their_zones(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(30, time_zone="America/New_York")
    people(30, time_zone="Asia/Tokyo")
    with tenant_scope(organization):
        set_up(draft, marketer)
        start = timezone.now() + timedelta(hours=30)
        schedules.choose(campaign=draft, actor=marketer, start_at=start, in_their_zone=True, spread_minutes=120)
        campaign = fresh(draft)
        launches.launch(campaign=campaign, actor=marketer, accepted=[r.name for r in checklist.results(campaign)])
        Campaign.objects.update(leaves_at=timezone.now() + timedelta(minutes=1))
        assert schedules.start(campaign=fresh(draft)) and launches.freeze(campaign=fresh(draft))
        campaign = fresh(draft)
        for number in (1, 2):
            last = max(Delivery.objects.filter(variant=number).values_list("due_at", flat=True))
            assert campaign.test["last"][str(number)] == last.isoformat()
        assert winners.watch(campaign=campaign) == ""


def test_taken_back_and_launched_again(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(50)
    with tenant_scope(organization):
        set_up(draft, marketer)
        schedules.choose(campaign=draft, actor=marketer, undo_minutes=10)
        campaign = launch(fresh(draft), marketer)
        assert campaign.state == CampaignState.HOLDING
        with pytest.raises(Unlawful, match="while it is being sent"):
            winners.choose(campaign=campaign, number=2, actor=marketer)
        first = campaign.mailing
        launches.take_back(campaign=campaign, actor=marketer)
        while launches.clear_away(mailing=Mailing.objects.get(pk=first.pk)):
            pass
        assert set(Delivery.objects.filter(mailing=first).values_list("state", flat=True)) == {DeliveryState.CANCELLED}
        schedules.choose(campaign=fresh(draft), actor=marketer, undo_minutes=0)
        again = launch(fresh(draft), marketer)
        assert again.mailing_id != first.pk and again.state == CampaignState.SENDING
        assert Delivery.objects.filter(mailing=again.mailing, variant=2).count() == 10


def test_taken_back_before_it_is_frozen_leaves_no_letters(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(50)
    with tenant_scope(organization):
        campaign = set_up(draft, marketer)
        before = Letter.objects.count()
        launches.launch(campaign=campaign, actor=marketer, accepted=[r.name for r in checklist.results(campaign)])
        assert Letter.objects.count() == before + 2
        launches.take_back(campaign=fresh(draft), actor=marketer)
        assert Letter.objects.count() == before and not MailingVariant.objects.exists()


def test_an_approval_is_for_the_versions_too(
    organization: Organization, draft: Campaign, people: People, marketer: User, owner: User
) -> None:
    people(50)
    with tenant_scope(organization):
        Organization.objects.filter(pk=organization.pk).update(needs_approval=True)
        campaign = set_up(draft, marketer)
        was = fingerprints.of(campaign)
        ticks = [r.name for r in checklist.results(campaign)]
        approvals.ask(campaign=fresh(draft), actor=marketer, accepted=ticks)
        assert approvals.approve(campaign=fresh(draft), actor=owner)
        launches.freeze(campaign=fresh(draft))
        launched = fresh(draft)
        winners.choose(campaign=launched, number=2, actor=marketer)
        assert fingerprints.of(fresh(draft)) == was  # what became of it is no part of what was approved
        Variant.objects.filter(number=2).update(subject="Changed")
        assert fingerprints.of(fresh(draft)) != was


def test_the_checks_look_at_every_version(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(50)
    with tenant_scope(organization):

        def found(name: str) -> Any:
            return next(r for r in checklist.results(fresh(draft)) if r.name == name)

        assert found("versions").status == "pass" and found("subject").status == "pass"
        set_up(draft, marketer, versions=[{"subject": "{{ contact.frist_name }}"}, {"subject": "RE: Hello"}])
        subject = found("subject")
        assert subject.status == "fail" and subject.evidence.startswith("B: ") and subject.place == "versions"
        set_up(draft, marketer, versions=[{"subject": f"  {draft.subject} "}])
        same = found("versions")
        assert same.status == "fail" and same.evidence == "A and B are the same."
        set_up(draft, marketer, versions=[{"subject": "Two"}])
        few = found("versions")
        assert few.status == "warn" and few.wants_tick and "With 10 people each" in few.evidence

        campaign = set_up(draft, marketer, what=Differs.CONTENT)
        variants.choose_content(
            campaign=campaign, number=2, name="Broken", mjml="<mjml><mj-body></mj-body></mjml>", actor=marketer
        )
        assert found("unsubscribe_link").status == "fail" and found("unsubscribe_link").evidence.startswith("B: ")
        variants.choose_content(campaign=campaign, number=2, name="Broken", mjml="<mjml><mj-nonsense", actor=marketer)
        assert found("content").status == "fail" and found("content").evidence.startswith("B: ")


def test_enough_people_pass(organization: Organization, draft: Campaign, people: People, marketer: User) -> None:
    people(2_000)
    with tenant_scope(organization):
        campaign = set_up(draft, marketer, metric=Metric.OPENS, unsure=Unsure.ASK)
        line = next(r for r in checklist.results(campaign) if r.name == "versions")
        assert line.status == "pass" and "2 versions, 400 people each; 1,200 wait for the winner." in line.evidence
        assert "30%" in line.evidence and "privacy proxies" in line.evidence
