"""A save that does nothing twice."""

import threading

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf.hooks.save_once import is_saving, save_once

v1 = tf.compat.v1


class Listener(monitored_tf.CheckpointSaverListener):
    def __init__(self):
        self.steps = []

    def after_save(self, session, global_step_value):
        self.steps.append(int(global_step_value))


@pytest.mark.parametrize("library", [monitored_tf, v1.train])
def test_a_step_is_saved_once(step, tmp_path, library):
    listener = Listener()
    hook = library.CheckpointSaverHook(
        str(tmp_path),
        save_steps=2,
        listeners=[listener],
        save_graph_def=False,  # Not every protobuf lets TensorFlow write it.
    )
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        raw_session = session.raw_session()
        assert save_once(raw_session, hook).startswith("step 0 is saved to ")
        session.run(step)
        assert listener.steps == [0]
        path = tmp_path / "model.ckpt-1"
        for _ in range(2):
            said = save_once(raw_session, hook)
            assert said == f"step 1 is saved to {path}"
        assert listener.steps == [0, 1]
        save_once(raw_session, hook, again=True)
        assert listener.steps == [0, 1, 1]
    assert listener.steps == [0, 1, 1]  # Nor by end().


def test_a_save_of_another_thread_is_seen(step, tmp_path):
    saves, goes_on = threading.Event(), threading.Event()

    class Waiting(v1.Session):
        def run(self, *args, **kwargs):
            saves.set()
            goes_on.wait(10)
            return super().run(*args, **kwargs)

    def save():
        with step.graph.as_default():
            saver.save(session, str(tmp_path / "saved"))

    saver = v1.train.Saver()
    with Waiting() as session:
        goes_on.set()
        session.run(v1.global_variables_initializer())
        assert not is_saving()
        saves.clear()
        goes_on.clear()
        thread = threading.Thread(target=save)
        thread.start()
        assert saves.wait(10)
        assert is_saving()
        goes_on.set()
        thread.join()
        assert not is_saving()
