"""The demo's invented people."""

from itertools import islice

from contacts import addresses
from posthouse.demo import people
from posthouse.demo.history import PROVIDERS
from posthouse.sandbox import characters


def test_they_are_the_same_every_time_and_nobody_comes_twice() -> None:
    crowd = list(people.invent(5000))
    assert crowd == list(people.invent(5000))
    assert len({person.address for person in crowd}) == 5000


def test_they_live_at_the_sandbox_and_have_lawful_addresses() -> None:
    cast = characters.load()
    for person in islice(people.invent(2000), 2000):
        assert addresses.key_of(person.address) == person.address
        assert not cast.host_of(person.domain).everything_else
        assert cast.host_of(person.domain).name == PROVIDERS[person.domain]


def test_the_world_is_among_them() -> None:
    crowd = list(people.invent(3000))
    names = " ".join(str(person.values.get("first_name", "")) for person in crowd)
    assert {person.locale for person in crowd} == {"en", "de", "fr", "ar"}
    for sign in ("ö", "é", "ليلى", "☕"):
        assert sign in names
    assert any("first_name" not in person.values for person in crowd)
