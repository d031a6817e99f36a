"""Topics: what people can subscribe to."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import Brand, Organization, User
from contacts.errors import AlreadyThere
from contacts.models import Topic

FIRST = "Newsletter"


def create(
    *,
    organization: Organization,
    brand: Brand,
    name: str,
    description: str,
    is_public: bool,
    actor: User | None,
    double_opt_in: bool = False,
) -> Topic:
    """Raises AlreadyThere if the brand has a topic of that name."""
    topic = Topic(
        organization=organization,
        brand=brand,
        name=name,
        description=description,
        is_public=is_public,
        double_opt_in=double_opt_in,
    )
    return _save(topic, actor, "contacts.topic_created")


def ensure_first(*, organization: Organization, actor: User | None) -> None:
    """Give an organization that never had a topic its first one, so that there is something to subscribe people to."""
    if Topic.objects.filter(organization=organization).exists():
        return
    brand = Brand.objects.filter(organization=organization).order_by("-is_default", "pk").first()
    if brand is not None:
        create(
            organization=organization,
            brand=brand,
            name=FIRST,
            description=f"News from {brand.name}.",
            is_public=True,
            actor=actor,
        )


def edit(
    *, topic: Topic, name: str, description: str, is_public: bool, double_opt_in: bool, actor: User | None
) -> Topic:
    """Raises AlreadyThere if the brand has another topic of that name. Who waits for a confirmation goes on waiting."""
    topic.name, topic.description = name, description
    topic.is_public, topic.double_opt_in = is_public, double_opt_in
    return _save(topic, actor, "contacts.topic_edited")


@transaction.atomic
def archive(*, topic: Topic, actor: User | None) -> None:
    """Take a topic off every choice; subscriptions and their proof stay."""
    if topic.archived_at is None:
        topic.archived_at = timezone.now()
        topic.save(update_fields=["archived_at"])
        audit.record(organization=topic.organization, actor=actor, verb="contacts.topic_archived", target=topic)


@transaction.atomic
def restore(*, topic: Topic, actor: User | None) -> None:
    if topic.archived_at is not None:
        topic.archived_at = None
        topic.save(update_fields=["archived_at"])
        audit.record(organization=topic.organization, actor=actor, verb="contacts.topic_restored", target=topic)


def _save(topic: Topic, actor: User | None, verb: str) -> Topic:
    try:
        with transaction.atomic():
            topic.save()
            audit.record(organization=topic.organization, actor=actor, verb=verb, target=topic)
    except IntegrityError as taken:
        raise AlreadyThere(f"There is a topic called {topic.name} already.") from taken
    return topic
