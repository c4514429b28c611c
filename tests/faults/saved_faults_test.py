"""What was saved, and signals, errors and input with it, on our session."""

import collections
import functools

import pytest

from tests import disk_outages
from tests.faults import (
    __main__ as table,
    saved_background_faults,
    saved_damage_faults,
    saved_faults,
)

OURS = "monitored_tf"
# Fewer cases where each is a process, or a cluster, and tested elsewhere too.
_FEWER = {
    "newest checkpoint damaged, then the ps killed and replaced": {
        "cases": ["data truncated"]
    },
    "kill -9 in a save": {"trials": 1},
    "SIGTERM": {"only": ["twice", "during evaluation"]},
    "SIGINT": {"only": ["while run() is blocked", "while the session is made"]},
    "save in the background: kill -9": {"trials": 1},
    "save in the background: SIGTERM": {"only": ["while stepping"]},
}


@pytest.mark.parametrize("fault", saved_faults.FAULTS)
def test_each_fault_is_handled_or_announced(fault):
    scenario = functools.partial(
        saved_faults.FAULTS[fault], **_FEWER.get(fault, {})
    )
    try:
        found = scenario(OURS)
    except disk_outages.CannotMountError as error:
        pytest.skip(str(error))
    for outcome in found.values():
        assert table.is_good(fault, outcome), found


@pytest.mark.slow
@pytest.mark.parametrize("case", saved_damage_faults.CLUSTER_CASES)
def test_each_damage_is_handled_in_a_cluster(case):
    found = saved_damage_faults.in_cluster(OURS, [case])
    assert found[case].kind == "handled", found


def test_the_table_has_them():
    assert saved_faults.FAULTS.items() <= table.FAULTS.items()


@pytest.mark.parametrize("fault", saved_background_faults.FAULTS)
def test_what_tensorflow_has_not_is_not_counted(fault):
    scenario, tallies = table.FAULTS[fault], {"tf": collections.Counter()}
    assert table.plant(fault, scenario, tallies) == ["n/a"]
    assert not tallies["tf"]
