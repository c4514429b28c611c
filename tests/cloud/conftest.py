"""Runs of programs by each mechanism that there is."""

from __future__ import annotations

import pytest

from tests.cloud import available


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory):
    """A folder for XDG_CACHE_HOME; the user's, if the library is in there."""
    return available.users_cache() or str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def built(cache_home):
    """Where the op library is, built by the command."""
    if available.skip_reason(available.BUILT):
        pytest.skip(available.skip_reason(available.BUILT))
    available.build(cache_home)
    return cache_home


@pytest.fixture(scope="session")
def run(request, cache_home):
    """Runs a program by a mechanism in a child; returns result and output."""

    def run(mechanism, program, *arguments):
        if available.skip_reason(mechanism):
            pytest.skip(available.skip_reason(mechanism))
        if mechanism == available.BUILT:
            request.getfixturevalue("built")
        outcome = available.run(mechanism, cache_home, program, *arguments)
        assert outcome.exit_code == 0, outcome.output
        return outcome.result, outcome.output

    return run
