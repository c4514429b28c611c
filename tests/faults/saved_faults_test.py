"""What was saved, and signals, errors and input with it, on our session."""

import functools

import pytest

from tests import disk_outages
from tests.faults import __main__ as table, saved_faults

OURS = "monitored_tf"
# Fewer cases where each is a process, or a cluster, and tested elsewhere too.
_FEWER = {
    "newest checkpoint damaged, then the ps killed and replaced": {
        "cases": ["data truncated"]
    },
    "kill -9 in a save": {"trials": 1},
    "SIGTERM": {"acts": ["twice", "during evaluation"]},
    "SIGINT": {"acts": ["while run() is blocked", "while the session is made"]},
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


def test_the_table_has_them():
    assert saved_faults.FAULTS.items() <= table.FAULTS.items()
