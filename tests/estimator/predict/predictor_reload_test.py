"""Predictors that load a newer checkpoint while they are called."""

import shutil
import threading

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from monitored_tf.estimator.predict.predictor import Predictor
from tests.estimator.trained_model import made, write_checkpoint

SPEC = {"x": tf.TensorSpec([None], tf.float32)}


class Clock:
    """Tells the seconds it is set to."""

    now = 0.0

    def __call__(self):
        return self.now


def predictor_of(model_dir, clock, **options):
    model = made(ours, model_dir)._model
    return Predictor(model, None, SPEC, clock=clock, **options)


def test_a_newer_checkpoint_is_loaded(tmp_path):
    clock = Clock()
    with predictor_of(tmp_path, clock) as predictor:
        assert predictor.checkpoint_path is None
        assert predictor([1.0])["y"] == 1
        path = write_checkpoint(tmp_path, 1)
        clock.now = 0.9
        assert predictor([1.0])["y"] == 1
        clock.now = 1.0
        assert predictor([1.0])["y"] == 3
        assert predictor.checkpoint_path == path
        write_checkpoint(tmp_path, 2, weight=4.0)
        assert predictor([1.0])["y"] == 3
        clock.now = 2.0
        assert predictor([1.0])["y"] == 4


def test_a_checkpoint_that_is_written_again_is_loaded(tmp_path):
    clock = Clock()
    first = write_checkpoint(tmp_path, 1)
    with predictor_of(tmp_path, clock) as predictor:
        assert predictor([1.0])["y"] == 3
        assert write_checkpoint(tmp_path, 1, weight=4.0) == first
        clock.now = 1.0
        assert predictor([1.0])["y"] == 4


@pytest.mark.parametrize(
    "options", [{"reload_secs": None}, {"checkpoint_path": "given"}]
)
def test_one_can_be_stayed_with(tmp_path, options):
    clock = Clock()
    first = write_checkpoint(tmp_path, 1)
    if "checkpoint_path" in options:
        options = {"checkpoint_path": first}
    with predictor_of(tmp_path, clock, **options) as predictor:
        write_checkpoint(tmp_path, 2, weight=4.0)
        clock.now = 100.0
        assert predictor([1.0])["y"] == 3


def test_what_cannot_be_loaded_is_passed_over(tmp_path, caplog):
    clock = Clock()
    first = write_checkpoint(tmp_path, 1)
    with predictor_of(tmp_path, clock) as predictor:
        second = write_checkpoint(tmp_path, 2, weight=4.0)
        data = tmp_path / "model.ckpt-2.data-00000-of-00001"
        whole = data.read_bytes()
        data.write_bytes(b"")
        for clock.now in (1.0, 2.0):
            assert predictor([1.0])["y"] == 3
        assert predictor.checkpoint_path == first
        told = [text for text in caplog.messages if "can't be loaded" in text]
        assert len(told) == 1
        data.write_bytes(whole)
        clock.now = 3.0
        assert predictor([1.0])["y"] == 4
        assert predictor.checkpoint_path == second


def test_a_folder_that_is_gone_stops_nothing(tmp_path):
    clock = Clock()
    folder = tmp_path / "model"
    folder.mkdir()
    write_checkpoint(folder, 1)
    with predictor_of(folder, clock) as predictor:
        shutil.rmtree(folder)
        clock.now = 1.0
        assert predictor([1.0])["y"] == 3


def test_threads_share_it_while_it_is_loaded_anew(tmp_path):
    clock = Clock()
    write_checkpoint(tmp_path, 1, weight=1.0)
    results, failures = [], []
    done = threading.Event()

    def call(predictor):
        try:
            while not done.is_set():
                batch = predictor(np.ones(64, np.float32))
                results.append({*batch["y"], *(batch["double"] / 2)})
        except Exception as error:
            failures.append(error)

    with predictor_of(tmp_path, clock) as predictor:
        threads = [
            threading.Thread(target=call, args=(predictor,)) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for step in range(2, 6):
            write_checkpoint(tmp_path, step, weight=float(step))
            clock.now += 1.0
            assert predictor([1.0])["y"] in (step - 1, step)
        done.set()
        for thread in threads:
            thread.join()
        clock.now += 1.0
        assert predictor([1.0])["y"] == 5
    assert failures == []
    # Each call has seen one checkpoint only.
    assert {len(values) for values in results} == {1}
