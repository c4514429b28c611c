"""Each program written by hand leaves the same log on TensorFlow and here."""

import pytest

from tests.conformance import programs, scenarios


@pytest.mark.parametrize("name", scenarios.PROGRAMS)
def test_same_log(name):
    theirs, ours = programs.logs(scenarios.PROGRAMS[name])
    assert ours == theirs


def test_the_names_are_unique_and_many():
    assert len(scenarios.PROGRAMS) > 200
