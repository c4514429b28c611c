"""Damaged checkpoints and other graphs', at start and in a recovery."""

import re
import shutil

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import checkpoint_files
from monitored_tf.checkpoint_restore import CheckpointRestore, RestoreRules
from monitored_tf.testing import Fault, FaultHook
from tests.damage import DAMAGES, empty, flip, remove, truncate

v1 = tf.compat.v1
STEPS = (1, 2, 3)
STATE_FILE = "checkpoint"
DATA = "model.ckpt-{}.data-00000-of-00001"
INDEX = "model.ckpt-{}.index"


def _session(folder, hooks=(), **kwargs):
    return monitored_tf.MonitoredTrainingSession(
        checkpoint_dir=str(folder),
        hooks=hooks,
        save_checkpoint_steps=1,
        save_summaries_steps=None,
        log_step_count_steps=None,
        **kwargs,
    )


def _model():
    """Returns an op of a step; `w` is 10 times the step."""
    step = v1.train.get_or_create_global_step()
    w = v1.get_variable("w", initializer=tf.zeros([100]), use_resource=True)
    with tf.control_dependencies([v1.assign_add(w, tf.fill([100], 10.0))]):
        return v1.assign_add(step, 1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    with tf.Graph().as_default():
        step = _model()
        with _session(folder) as session:
            for _ in STEPS:
                session.run(step)
    return folder


@pytest.fixture
def folder(trained, tmp_path):
    """A folder with checkpoints of the steps 0 to 3."""
    copy = tmp_path / "model"
    shutil.copytree(trained, copy)
    # The state file holds whole paths.
    state = (copy / STATE_FILE).read_text()
    (copy / STATE_FILE).write_text(state.replace(str(trained), str(copy)))
    return copy


_every_damage = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
_every_file = pytest.mark.parametrize("file", [DATA, INDEX])


def _resumed_at(folder, **kwargs):
    """Returns the step at which training goes on, with the weights of it."""
    with tf.Graph().as_default():
        step = _model()
        with _session(folder, **kwargs) as session:
            first = int(session.run(step))
            (w,) = v1.get_collection(v1.GraphKeys.TRAINABLE_VARIABLES)
            assert (session.run(w) == 10.0 * first).all()
    return first - 1


@_every_file
@_every_damage
def test_a_damaged_checkpoint_is_passed_over(folder, file, damage, caplog):
    damage(folder / file.format(3))
    assert _resumed_at(folder, verify="full") == 2
    assert "model.ckpt-3 is damaged: " in caplog.text


def test_a_flipped_bit_is_found_while_it_is_restored(folder, caplog):
    flip(folder / DATA.format(3))
    assert _resumed_at(folder) == 2
    assert "model.ckpt-3 is damaged: " in caplog.text


@_every_damage
def test_a_damaged_state_file_loses_nothing(folder, damage):
    damage(folder / STATE_FILE)
    assert _resumed_at(folder) == 3


# Of text with a flipped bit nothing tells that it is not as it was.
@pytest.mark.parametrize("damage", [truncate, empty, remove])
def test_a_damaged_state_file_makes_the_checkpoints_suspect(folder, damage):
    damage(folder / STATE_FILE)
    flip(folder / DATA.format(3))  # Found by reading all of it.
    restore = CheckpointRestore(
        saver=None,
        candidates=checkpoint_files.candidates(folder),
        rules=RestoreRules(),
        initialize=None,
    )
    assert restore.path.endswith("model.ckpt-2")


def test_several_damaged_checkpoints_are_passed_over(folder):
    truncate(folder / DATA.format(3))
    flip(folder / DATA.format(2))  # Found by reading all of it.
    remove(folder / INDEX.format(1))
    assert _resumed_at(folder) == 0


def test_training_does_not_begin_anew_where_all_are_damaged(folder):
    for number in (0, *STEPS):
        truncate(folder / DATA.format(number))
    with pytest.raises(monitored_tf.CheckpointDamagedError) as raised:
        _resumed_at(folder)
    assert isinstance(raised.value, tf.errors.DataLossError)
    text = str(raised.value)
    assert all(f"model.ckpt-{number}" in text for number in (0, *STEPS))
    assert "allow_fresh_start=True" in text


def test_training_begins_anew_if_it_is_allowed_to(folder, caplog):
    for number in (0, *STEPS):
        truncate(folder / DATA.format(number))
    assert _resumed_at(folder, allow_fresh_start=True) == 0
    assert "FROM SCRATCH" in caplog.text


def test_a_flipped_bit_in_all_begins_anew_if_it_is_allowed_to(folder):
    for number in (0, *STEPS):
        flip(folder / DATA.format(number))
    assert _resumed_at(folder, allow_fresh_start=True) == 0


@_every_file
@_every_damage
def test_a_recovery_passes_over_a_damaged_checkpoint(folder, file, damage):
    class DamagesOnce(monitored_tf.SessionRunHook):
        waits = True

        def after_run(self, run_context, run_values):
            path = folder / file.format(5)
            if self.waits and path.exists():
                self.waits = False
                damage(path)
                raise tf.errors.AbortedError(None, None, "planted")

    with tf.Graph().as_default():
        step = _model()
        policy = monitored_tf.RecoveryPolicy(keeps_live_state=False)
        with _session(folder, [DamagesOnce()], recovery=policy) as session:
            results = [int(session.run(step)) for _ in range(2)]
    # The checkpoint of step 4 is restored.
    assert results == [4, 5]
    (event,) = session.recoveries
    assert event.checkpoint.endswith("model.ckpt-4")


def test_a_damaged_checkpoint_in_a_recovery_is_no_end_of_the_data(folder):
    faults = FaultHook(Fault("before_run", 1))
    with tf.Graph().as_default():
        step = _model()
        session = _session(folder, [faults], save_graph_def=False)
        with pytest.raises(monitored_tf.CheckpointDamagedError):
            with session:
                for path in folder.glob("*.data-*"):
                    truncate(path)
                session.run(step)
    assert session.stop_reason.kind == "error"


def test_the_checkpoint_that_is_named_is_the_only_one(folder):
    truncate(folder / DATA.format(3))
    with tf.Graph().as_default():
        _model()
        with pytest.raises(monitored_tf.CheckpointDamagedError, match="ckpt-3"):
            monitored_tf.SingularMonitoredSession(
                checkpoint_filename_with_path=str(folder / "model.ckpt-3")
            )


def test_all_differences_are_told_at_once(folder):
    with tf.Graph().as_default():
        v1.train.get_or_create_global_step()
        v1.get_variable("w", [7], use_resource=True)
        v1.get_variable("bias", [7])
        with pytest.raises(monitored_tf.CheckpointMismatchError) as raised:
            _session(folder)
    assert isinstance(raised.value, tf.errors.NotFoundError)
    assert isinstance(raised.value, tf.errors.InvalidArgumentError)
    # What those who search TensorFlow's text for a reason find there.
    first = str(raised.value).splitlines()[0]
    assert re.search("Restoring from checkpoint failed.* a mismatch bet", first)
    assert "w: [100] in the checkpoint, [7] in the graph" in str(raised.value)
    assert "bias" in str(raised.value)


def test_what_fits_is_restored_and_the_rest_initialized(folder, caplog):
    with tf.Graph().as_default():
        step = _model()
        bias = v1.get_variable("bias", initializer=4.0)
        with _session(folder, restore="available") as session:
            assert session.run(bias) == 4.0
            assert session.run(step) == 4
    assert "bias: missing in the checkpoint" in caplog.text
    assert session.recoveries == ()


def test_what_a_pattern_matches_is_restored(folder):
    with tf.Graph().as_default():
        step = _model()
        (w,) = v1.get_collection(v1.GraphKeys.TRAINABLE_VARIABLES)
        with _session(folder, restore="w$") as session:
            assert session.run(w)[0] == 30.0
            assert session.run(step) == 1


@pytest.mark.parametrize(
    "argument", [{"verify": "half"}, {"restore": "("}, {"restore": None}]
)
def test_bad_rules_are_an_error_at_once(step, argument):
    (name,) = argument
    with pytest.raises(ValueError, match=f"{name} must be"):
        monitored_tf.ChiefSessionCreator(**argument)


def test_a_saver_that_restores_in_its_own_way_does(folder):
    class OwnWay(v1.train.Saver):
        restored = ()

        def restore(self, sess, save_path):
            self.restored = (*self.restored, save_path)
            sess.run(init_op)

    with tf.Graph().as_default():
        step = _model()
        v1.get_variable("bias", [7])
        saver = OwnWay()
        init_op = v1.global_variables_initializer()
        scaffold = v1.train.Scaffold(saver=saver)
        with _session(folder, scaffold=scaffold) as session:
            assert session.run(step) == 1
        assert [path[-6:] for path in saver.restored] == ["ckpt-3"]


def test_a_session_that_could_not_be_restored_is_closed(folder):
    class Fails(v1.train.Saver):
        def restore(self, sess, save_path):
            self.session = sess
            raise tf.errors.PermissionDeniedError(None, None, "not yours")

    with tf.Graph().as_default():
        step = _model()
        saver = Fails()
        creator = monitored_tf.ChiefSessionCreator(
            v1.train.Scaffold(saver=saver), checkpoint_dir=str(folder)
        )
        with pytest.raises(monitored_tf.CheckpointError) as raised:
            creator.create_session()
        assert isinstance(raised.value, tf.errors.PermissionDeniedError)
        assert "model.ckpt-3 could not be restored: " in str(raised.value)
        with pytest.raises(RuntimeError, match="closed Session"):
            saver.session.run(step)


def test_older_checkpoints_are_deleted_in_their_time(folder):
    remove(folder / STATE_FILE)
    with tf.Graph().as_default():
        step = _model()
        with _session(folder) as session:
            for _ in range(4):
                session.run(step)
    kept = {path.stem for path in folder.glob("*.index")}
    assert kept == {f"model.ckpt-{number}" for number in (3, 4, 5, 6, 7)}
