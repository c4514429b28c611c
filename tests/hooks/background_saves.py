"""Sessions whose checkpoints are written in the background, and their files."""

import pathlib
import tempfile
import threading

import tensorflow as tf

import monitored_tf
from monitored_tf.checked_saver import CheckedSaver

v1 = tf.compat.v1


class Gate:
    """Stands before what a thread does with a snapshot; open at first."""

    def __init__(self, monkeypatch):
        self.reached = threading.Event()
        self._opened = threading.Event()
        self.open()
        save_snapshot = CheckedSaver.save_snapshot

        def save_when_open(*args):
            opened = self._opened
            self.reached.set()
            assert opened.wait(20)
            save_snapshot(*args)

        monkeypatch.setattr(CheckedSaver, "save_snapshot", save_when_open)

    def open(self):
        self._opened.set()

    def shut(self):
        self.reached.clear()
        self._opened = threading.Event()


class Listener(v1.train.CheckpointSaverListener):
    """Logs its calls; may stop the training after the save of a step."""

    def __init__(self, stops_at=None):
        self.log = []
        self._stops_at = stops_at

    def before_save(self, session, global_step_value):
        self.log.append(f"before {global_step_value}")

    def after_save(self, session, global_step_value):
        self.log.append(f"after {global_step_value}")
        return global_step_value == self._stops_at


def hook(folder, save_steps=2, async_save=True, max_to_keep=50, **kwargs):
    """Returns a hook that saves in the background, if not told otherwise."""
    return monitored_tf.CheckpointSaverHook(
        str(folder),
        save_steps=save_steps,
        saver=v1.train.Saver(max_to_keep=max_to_keep),
        async_save=async_save,
        **kwargs,
    )


def session(hooks, folder=None, **kwargs):
    """Returns a chief's session, which restores from the folder if given."""
    creator = monitored_tf.ChiefSessionCreator(
        checkpoint_dir=folder and str(folder)
    )
    return monitored_tf.MonitoredSession(creator, hooks, **kwargs)


def steps(folder):
    """Returns the steps that the checkpoint state of a folder names."""
    state = tf.train.get_checkpoint_state(str(folder))
    return [int(p.rpartition("-")[2]) for p in state.all_model_checkpoint_paths]


def value(folder, step, name):
    """Returns a variable as the checkpoint of a step holds it."""
    return tf.train.load_variable(str(folder / f"model.ckpt-{step}"), name)


def left_behind(process_id):
    """Returns what a process put aside for its saves and did not remove."""
    own = f"monitored_tf_save-*-{process_id}-*"
    places = (pathlib.Path("/dev/shm"), pathlib.Path(tempfile.gettempdir()))
    return [path for place in places for path in place.glob(own)]


def put_in_the_way(folder, number):
    """Lets no file of this checkpoint get its place."""
    path = folder / f"model.ckpt-{number}.index"
    path.mkdir()
    (path / "in the way").write_text("")
