"""Writes a checkpoint or a SavedModel from a session that is running."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Callable

import tensorflow as tf

from monitored_tf import (
    _tf_private,
    dataset_ops,
    errors,
    input_position,
    saves_in_flight,
)
from monitored_tf.checked_saver import CheckedSaver

_v1 = tf.compat.v1
_BASENAME = "model.ckpt"


def save(
    session: Any,
    checkpoint_dir: str,
    saver: Any,
    states: Callable[[], str | None],
) -> str:
    """Writes a checkpoint with this saver; returns its path.

    Args:
      session: The raw session.
      checkpoint_dir: Folder to write to.
      saver: A `tf.compat.v1.train.Saver`.
      states: Returns the text that holds the hooks' states, or None.

    Raises:
      NanWeightsError: if a weight is NaN or Inf.
      CheckpointSaveError: if the files could not be written.
    """
    tf.io.gfile.makedirs(checkpoint_dir)
    saves_in_flight.wait(checkpoint_dir)
    # Without state: the saver would count this file among those that it keeps
    # in the training's own folder, and delete one of them for it.
    path: str | None = CheckedSaver(saver, states=states).save(
        session,
        os.path.join(checkpoint_dir, _BASENAME),
        global_step=_global_step(session),
        write_state=False,
    )
    if path is None:
        raise errors.NoCheckpointSaverError(
            "save() found no variables in the graph: there is nothing to save."
        )
    state = tf.train.get_checkpoint_state(checkpoint_dir)
    earlier = state.all_model_checkpoint_paths if state else []
    _v1.train.update_checkpoint_state(
        checkpoint_dir, path, [p for p in earlier if p != path] + [path]
    )
    return path


def save_with_hook(
    session: Any, hook: Any, must_save: bool = False
) -> tuple[str, bool]:
    """Saves as the hook does; returns the path and whether to stop.

    Args:
      session: The raw session.
      hook: A `CheckpointSaverHook`, of TensorFlow or ours.
      must_save: Whether a save that fails is an error, though the hook goes
        on after such. The path is that of an older checkpoint otherwise.
    """
    with session.graph.as_default():
        step = _global_step(session) or 0
        save_now = getattr(hook, "save_now", None)
        if must_save and save_now is not None:
            stop_asked = save_now(session, step)
        else:
            stop_asked = _tf_private.save_with_hook(hook, session, step)
        path: str = _tf_private.last_checkpoint_of_hook(hook)
    return path, stop_asked


def saver_hook(hooks: Sequence[Any]) -> Any:
    """Returns the first CheckpointSaverHook.

    Raises:
      NoCheckpointSaverError: if there is none.
    """
    for hook in hooks:
        if isinstance(hook, _v1.train.CheckpointSaverHook):
            return hook
    raise errors.NoCheckpointSaverError(
        "save() found no CheckpointSaverHook among the session's hooks. Give "
        "it a folder, save(checkpoint_dir), or the session such a hook: "
        "MonitoredTrainingSession(checkpoint_dir=...) of a chief has one."
    )


def export_saved_model(
    session: Any, export_dir: str, signatures: Mapping[str, Any], saver: Any
) -> str:
    """Writes a SavedModel; see `MonitoredSession.export_saved_model`."""
    if not isinstance(signatures, Mapping):
        raise errors.InvalidSignatureError(
            "signatures must be a dict from names to signatures, as "
            f"{{'serving_default': (inputs, outputs)}}. Got {signatures!r}."
        )
    signature_defs = {
        name: _signature_def(name, signature)
        for name, signature in signatures.items()
    }
    # Refuses a folder that is not empty, before anything is written.
    builder = _v1.saved_model.Builder(export_dir)
    scratch = f"{export_dir.rstrip('/')}.{uuid.uuid4().hex}"
    tf.io.gfile.makedirs(scratch)
    try:
        variables = saver.save(
            session,
            os.path.join(scratch, "variables"),
            write_meta_graph=False,
            write_state=False,
        )
        _export_copy(session.graph, saver, variables, builder, signature_defs)
    finally:
        tf.io.gfile.rmtree(scratch)
    builder.save()
    return export_dir


def _export_copy(
    graph: Any, saver: Any, variables: str, builder: Any, signature_defs: Any
) -> None:
    # The builder adds to collections, which a finalized graph does not allow.
    meta_graph = _v1.train.export_meta_graph(
        graph=graph, saver_def=saver.as_saver_def()
    )
    dataset_ops.restore_no_iterator(meta_graph)
    with _v1.Graph().as_default() as copy, _v1.Session() as session:
        copied_saver = _v1.train.import_meta_graph(
            meta_graph, clear_devices=True
        )
        if copied_saver is not None:  # There are variables.
            copied_saver.restore(session, variables)
            input_position.begin(session)  # Or it can't be saved.
        builder.add_meta_graph_and_variables(
            session,
            [tf.saved_model.SERVING],
            signature_def_map=signature_defs,
            assets_collection=copy.get_collection(
                _v1.GraphKeys.ASSET_FILEPATHS
            ),
            main_op=_first(copy, _v1.GraphKeys.LOCAL_INIT_OP),
            saver=copied_saver,
        )


def saver_of(creator: Any, graph: Any) -> Any:
    """Returns the saver of the creator's scaffold, or else the graph's.

    Raises:
      NoCheckpointSaverError: if there is neither.
    """
    scaffold = _tf_private.scaffold_of(creator)
    saver = scaffold.saver if scaffold else _first(graph, _v1.GraphKeys.SAVERS)
    if saver is None:
        raise errors.NoCheckpointSaverError(
            "The graph has no saver in its collection SAVERS. Make one before "
            "the session: tf.compat.v1.add_to_collection("
            "tf.compat.v1.GraphKeys.SAVERS, tf.compat.v1.train.Saver())."
        )
    return saver


def _first(graph: Any, collection: str) -> Any:
    items = graph.get_collection(collection)
    return items[0] if items else None


def _global_step(session: Any) -> int | None:
    tensor = _v1.train.get_global_step(session.graph)
    return None if tensor is None else int(session.run(tensor))


def _signature_def(name: str, signature: Any) -> Any:
    if isinstance(signature, _signature_def_type()):
        return signature
    try:
        inputs, outputs = signature
        return _v1.saved_model.predict_signature_def(
            dict(inputs), dict(outputs)
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise errors.InvalidSignatureError(
            f"Signature {name!r} must be a SignatureDef or a pair of dicts "
            f"from names to tensors, inputs and outputs. Got {signature!r}."
        ) from error


def _signature_def_type() -> Any:
    return type(_v1.saved_model.build_signature_def())
