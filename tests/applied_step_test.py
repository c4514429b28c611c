"""Which variables hold a step that took effect."""

import os
import time

from monitored_tf.applied_step import AppliedStep
from monitored_tf.session_creators import StateOrigin

BEGAN = 1e9


def _is_held(saved_at, start_step=5, step=5):
    origin = StateOrigin("restored", "model.ckpt-5", saved_at)
    return AppliedStep(None, step, BEGAN).is_held_by(origin, start_step)


def test_live_variables_hold_it():
    applied = AppliedStep(None, None, time.time())
    assert applied.is_held_by(StateOrigin("adopted"), None)


def test_variables_that_begin_anew_do_not():
    applied = AppliedStep(None, 5, BEGAN)
    assert not applied.is_held_by(StateOrigin("initialized"), 0)


def test_a_checkpoint_that_was_saved_in_the_step_holds_it():
    assert _is_held(BEGAN + 0.01)
    assert _is_held(BEGAN + 0.01, start_step=6)


def test_a_checkpoint_that_was_saved_before_does_not():
    assert not _is_held(BEGAN - 1)


def test_a_checkpoint_of_a_lower_or_an_unknown_step_does_not():
    assert not _is_held(BEGAN + 1, start_step=4)
    assert not _is_held(BEGAN + 1, start_step=None)
    assert not _is_held(BEGAN + 1, step=None)


def test_the_time_of_a_checkpoint_may_not_be_known():
    origin = StateOrigin.restored("gs://bucket/model.ckpt-5")
    assert origin == StateOrigin("restored", "gs://bucket/model.ckpt-5", None)
    assert not AppliedStep(None, 5, BEGAN).is_held_by(origin, 5)


def test_the_time_of_a_local_checkpoint_is_that_of_its_index(tmp_path):
    index = tmp_path / "model.ckpt-5.index"
    index.touch()
    os.utime(index, (BEGAN, BEGAN))
    origin = StateOrigin.restored(str(tmp_path / "model.ckpt-5"))
    assert origin.saved_at == BEGAN
