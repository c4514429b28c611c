"""Random steps, most of them repeated, give the same on TensorFlow and here.

MONITORED_TF_FUZZ_STEPS sets how many steps are run, in programs of 200. What
fails names its seed: `pytest -k seed-17-` runs it alone.
"""

import os

import pytest
import tensorflow as tf

from tests.conformance import step_fuzz

_STEPS = int(os.environ.get("MONITORED_TF_FUZZ_STEPS", "2000"))
_STEPS_OF_A_PROGRAM = 200
_SEEDS = range(max(1, _STEPS // _STEPS_OF_A_PROGRAM))

# How many steps of each program took the prepared way.
_prepared: dict[int, int] = {}


@pytest.mark.parametrize("seed", _SEEDS, ids=lambda seed: f"seed-{seed}-")
def test_same_steps(seed, prepared_runs):
    steps = step_fuzz.run(seed, _STEPS_OF_A_PROGRAM)
    for number, (step, theirs, ours) in enumerate(steps):
        graph = tf.compat.v1.get_default_graph()
        same = step_fuzz.agree(step, theirs, ours, graph)
        assert same, f"seed {seed}, step {number}: {step}\n{theirs}\n{ours}"
    _prepared[seed] = prepared_runs.take()


def test_enough_steps_were_prepared(prepared_runs):
    """Or the fuzz would compare TensorFlow with itself."""
    if len(_prepared) < len(_SEEDS):
        pytest.skip("Not all programs were run to their end.")
    share = sum(_prepared.values()) / (len(_SEEDS) * _STEPS_OF_A_PROGRAM)
    assert share == 0 if prepared_runs.is_public_only else share > 0.25
