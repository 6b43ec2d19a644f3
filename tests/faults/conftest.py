"""The county of the fault tests, after its first night."""

import pytest

from tests.faults.county import FIRST, Place


@pytest.fixture(scope="session")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An inbox and what its first night made of it; to be copied."""
    place = Place(tmp_path_factory.mktemp("云塘县 断电"))
    place.deliver(*FIRST)
    code, said = place.night("--plain")
    assert code == 1, said  # a notice in the inbox is no form, and rows are rejected
    return place
