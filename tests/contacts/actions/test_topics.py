"""Topics: an organization never stands without one when people arrive."""

import pytest

from accounts.models import Brand
from contacts.actions import topics
from contacts.errors import AlreadyThere
from contacts.models import Topic


def test_the_first_topic_is_made_once(scoped, owner):
    for _ in range(2):
        topics.ensure_first(organization=scoped, actor=owner)
    assert list(Topic.objects.values_list("name", "description", "is_public")) == [
        ("Newsletter", "News from Copper Kettle.", True)
    ]


def test_who_archived_every_topic_gets_no_new_one(scoped, owner):
    topics.ensure_first(organization=scoped, actor=owner)
    topics.archive(topic=Topic.objects.get(), actor=owner)
    topics.ensure_first(organization=scoped, actor=owner)
    assert Topic.objects.count() == 1


def test_two_topics_of_a_brand_have_two_names(scoped, owner):
    facts = {"organization": scoped, "brand": Brand.objects.get(), "description": "", "is_public": True, "actor": owner}
    topics.create(name="Tea post", **facts)
    with pytest.raises(AlreadyThere, match="Tea post"):
        topics.create(name="Tea post", **facts)
