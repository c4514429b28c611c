"""The PreemptionHook that a MonitoredTrainingSession has by default."""

import os
import re
import signal

import pytest
import tensorflow as tf

from monitored_tf.testing import LocalCluster
from tests.hooks import preemption_by_default_roles as roles


def run(folder, options, number, own_signal=None):
    """Returns the exit code, and the step that was saved last."""
    args = (str(folder), options, own_signal, 10**6 if number else 50)
    with LocalCluster(
        {"worker": 1}, roles.train, args, life_secs=30
    ) as cluster:
        cluster.wait_for_output("step 10", "worker")
        if number:
            os.kill(cluster.pid("worker"), number)
        code = cluster.wait("worker")
        steps = re.findall(r"^step (\d+)$", cluster.output("worker"), re.M)
        last = steps[-1]
    path = tf.train.latest_checkpoint(str(folder))
    return code, path and path == str(folder / f"model.ckpt-{last}")


@pytest.mark.parametrize(
    ("options", "number", "own", "code", "is_saved"),
    [
        ({}, signal.SIGTERM, None, 143, True),
        ({"save_last": True}, signal.SIGTERM, None, 143, True),
        ({"stop_on_signal": False}, signal.SIGTERM, None, -15, False),
        ({}, signal.SIGINT, signal.SIGINT, 130, True),
        ({}, signal.SIGTERM, signal.SIGINT, -15, False),
        ({"is_chief": True, "save_on_error": True}, None, None, 1, True),
        ({"save_on_error": True, "stop_on_signal": False}, None, None, 1, True),
        ({}, None, None, 1, False),
    ],
)
def test_what_a_signal_and_an_error_do(
    tmp_path, options, number, own, code, is_saved
):
    assert run(tmp_path, options, number, own) == (code, is_saved)
