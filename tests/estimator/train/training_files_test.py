"""What a training leaves on disk."""

import shutil

import pytest
import tensorflow as tf

from monitored_tf.estimator.train import training
from monitored_tf.session_run_hook import SessionRunHook
from tests.estimator import small_training as small

v1 = tf.compat.v1


def test_what_is_on_disk(trained, tmp_path):
    trained(save_checkpoints_steps=2).train(small.many_batches, steps=3)
    names = sorted(p.name for p in tmp_path.glob("[!e]*"))
    assert names == [
        "checkpoint",
        "graph.pbtxt",
        *(
            f"model.ckpt-{step}.{part}"
            for step in (0, 2, 3)
            for part in ("data-00000-of-00001", "index", "meta")
        ),
    ]
    assert len([*tmp_path.glob("events.*")]) == 1


def test_the_graph_may_be_left_out(trained, tmp_path):
    trained(checkpoint_save_graph_def=False).train(small.many_batches, steps=1)
    assert not [*tmp_path.glob("graph.pbtxt"), *tmp_path.glob("*.meta")]


def test_without_checkpoints_there_are_events_only(trained, tmp_path):
    trained(save_checkpoints_steps=None).train(small.many_batches, steps=1)
    (path,) = tmp_path.iterdir()
    assert path.name.startswith("events.")


def test_what_is_in_the_events(trained, tmp_path):
    config = {"save_summary_steps": 2, "log_step_count_steps": 2}
    trained(save_checkpoints_steps=3, **config).train(
        small.many_batches, steps=4
    )
    assert small.events(tmp_path) == [
        *(
            (0, kind)
            for kind in ("file_version", "graph_def", "meta_graph_def")
        ),
        *((0, kind) for kind in ("graph_def", "meta_graph_def", "CHECKPOINT")),
        (1, "START"),
        (1, "loss"),
        (3, "CHECKPOINT"),
        (3, "global_step/sec"),
        (3, "loss"),
        (4, "CHECKPOINT"),
    ]


def test_a_resumed_training_saves_what_it_restored(trained, tmp_path):
    trained(save_summary_steps=None).train(small.many_batches, steps=2)
    trained(save_summary_steps=None).train(small.many_batches, steps=1)
    saved = [
        step for step, what in small.events(tmp_path) if what == "CHECKPOINT"
    ]
    assert saved == [0, 2, 2, 3]


def _own_summary():
    v1.summary.scalar("loss", tf.constant(1.0))
    return {}


def _own_summary_in_a_scope():
    with tf.name_scope("a"):
        return _own_summary()


def _op_of_that_name():
    tf.constant(1.0, name="loss")
    return {}


@pytest.mark.parametrize(
    ("parts", "tags"),
    [
        (dict, {"loss"}),
        (_own_summary, {"loss"}),
        (_own_summary_in_a_scope, {"a/loss", "loss"}),
        (_op_of_that_name, {"loss_1"}),
    ],
)
def test_the_loss_is_a_summary(parts, tags, trained, tmp_path):
    trained(parts).train(small.many_batches, steps=1)
    assert {tag for _, tag in small.events(tmp_path) if "loss" in tag} == tags


def test_the_loss_is_among_the_losses(trained):
    class Losses(SessionRunHook):
        def begin(self):
            self.names = [x.name for x in v1.get_collection("losses")]

    hook = Losses()
    trained().train(small.many_batches, hooks=[hook], steps=1)
    assert hook.names == [small.LOSS]


def test_few_checkpoints_are_kept(trained, tmp_path):
    config = {"keep_checkpoint_max": 2, "save_checkpoints_steps": 1}
    trained(**config).train(small.many_batches, steps=4)
    assert small.checkpoint_steps(tmp_path) == [3, 4]


def _own_saver():
    return {"scaffold": v1.train.Scaffold(saver=v1.train.Saver(max_to_keep=1))}


def _saver_in_the_graph():
    saver = v1.train.Saver(max_to_keep=1)
    v1.add_to_collection(v1.GraphKeys.SAVERS, saver)
    return {}


@pytest.mark.parametrize("parts", [_own_saver, _saver_in_the_graph])
def test_the_saver_of_the_model_is_used(parts, trained, tmp_path):
    trained(parts).train(small.many_batches, steps=1)
    assert small.checkpoint_steps(tmp_path) == [1]


def test_the_folder_may_be_moved(estimator, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    small.estimator_in(estimator, here).train(small.many_batches, steps=2)
    shutil.move(here, there)
    small.estimator_in(estimator, there).train(small.many_batches, steps=1)
    assert training.saved_step(str(there)) == 3
