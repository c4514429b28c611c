"""Which hooks a training has in each task of a cluster."""

import json

import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from monitored_tf import hooks as our_hooks
from monitored_tf.estimator.train import training_hooks
from monitored_tf.testing import RecordingHook
from tests.estimator import small_training as small

train = tf.compat.v1.train


@pytest.fixture
def spec(graph):
    """A spec in a graph with a global step."""
    step = train.create_global_step()
    return ours.EstimatorSpec("train", loss=tf.constant(1.0), train_op=step.op)


def _chosen(spec, **config):
    return training_hooks.chosen_hooks(
        ours.RunConfig(**config), "folder", spec, (), ()
    )


def _kinds(hooks):
    return [type(hook) for hook in hooks]


CLUSTER = {
    "ps": ["h:0"],
    "master": ["h:1"],
    "worker": ["h:2", "h:3"],
}


@pytest.fixture
def task(monkeypatch):
    """Makes this process a task of a cluster."""

    def task(job, index, cluster=CLUSTER):
        config = {"cluster": cluster, "task": {"type": job, "index": index}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))

    return task


SUMMARIES = [our_hooks.SummarySaverHook, our_hooks.StepCounterHook]


@pytest.mark.parametrize(
    ("job", "index", "expected"),
    [("master", 0, []), ("worker", 0, SUMMARIES), ("worker", 1, [])],
)
def test_beside_a_master_the_first_worker_writes_summaries(
    job, index, expected, spec, task
):
    task(job, index)
    chosen = _chosen(spec)
    assert (chosen.save_summaries_steps, chosen.log_step_count_steps) == (
        0,
        None,
    )
    assert _kinds(chosen.hooks)[2:] == expected
    assert _kinds(chosen.chief_only_hooks) == [our_hooks.CheckpointSaverHook]


def test_what_is_off_is_off_on_that_worker_too(spec, task):
    task("worker", 0)
    chosen = _chosen(spec, save_summary_steps=0, log_step_count_steps=None)
    assert _kinds(chosen.hooks) == [train.NanTensorHook]


@pytest.mark.parametrize(
    ("job", "cluster"),
    [
        ("master", {"master": ["h:1"], "ps": ["h:2"]}),
        ("chief", {"chief": ["h:1"], "worker": ["h:2"]}),
    ],
)
def test_other_clusters_leave_summaries_to_the_chief(job, cluster, spec, task):
    task(job, 0, cluster)
    chosen = _chosen(spec, save_summary_steps=7, log_step_count_steps=8)
    assert chosen.save_summaries_steps == 7
    assert chosen.log_step_count_steps == 8
    assert _kinds(chosen.hooks) == [
        train.NanTensorHook,
        train.LoggingTensorHook,
    ]


def test_a_worker_has_no_hooks_of_the_chief(tmp_path):
    chief, everyone = RecordingHook("chief"), RecordingHook("everyone")

    def parts():
        return {"training_chief_hooks": [chief], "training_hooks": [everyone]}

    class Worker(ours.RunConfig):
        is_chief = False

    # It waits in vain for a chief.
    config = Worker(str(tmp_path), session_creation_timeout_secs=0.2)
    model_fn = small.estimator_in(ours, tmp_path, parts).model_fn
    with pytest.raises(tf.errors.DeadlineExceededError):
        ours.Estimator(model_fn, config=config).train(small.many_batches)
    assert (chief.calls, everyone.calls[0]) == ([], "everyone.begin")
    assert not [*tmp_path.iterdir()]
