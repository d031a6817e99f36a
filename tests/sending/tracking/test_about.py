"""`about` names a delivery, and nothing else is taken for one."""

import pytest

from sending.tracking import about


def test_there_and_back():
    assert about.delivery_of(about.of_delivery(1234)) == 1234
    assert about.of_delivery(0) == ""


@pytest.mark.parametrize("text", ["", "d", "d0", "d01", "d-1", "1", "D1", "d1 ", "d" + "9" * 19, "d١"])
def test_nothing_else_is_a_delivery(text):
    assert about.delivery_of(text) is None
