"""What a receiver function returns: what is fed, and what the model gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from monitored_tf.estimator.export.receiver_tensors import (
    FEATURE_NAME,
    check_tensor,
    wrap_and_check_input_tensors,
)

if TYPE_CHECKING:
    from typing_extensions import Self


class _ServingTensors(NamedTuple):
    features: Any
    receiver_tensors: dict[str, Any]
    receiver_tensors_alternatives: dict[str, dict[str, Any]] | None


class _SupervisedTensors(NamedTuple):
    features: Any
    labels: Any
    receiver_tensors: dict[str, Any]


class ServingInputReceiver(_ServingTensors):
    """Placeholders of a served model, and the features made of them.

    >>> with tf.Graph().as_default():
    ...     text = tf.compat.v1.placeholder(tf.string, [None])
    ...     receiver = ServingInputReceiver(tf.strings.length(text), text)
    >>> list(receiver.features), list(receiver.receiver_tensors)
    (['feature'], ['input'])

    Attributes:
      features: Dict of tensors by name, for the model.
      receiver_tensors: Dict of tensors by name, to be fed.
      receiver_tensors_alternatives: Dict of more such dicts, or None.
    """

    __slots__ = ()

    def __new__(
        cls,
        features: Any,
        receiver_tensors: Any,
        receiver_tensors_alternatives: Any = None,
    ) -> Self:
        """Takes tensors, SparseTensors or RaggedTensors.

        Args:
          features: Tensor, which gets the name "feature", or dict of tensors
            by name or number. `TensorServingInputReceiver` leaves it alone.
          receiver_tensors: Tensor, which gets the name "input", or dict of
            tensors by name.
          receiver_tensors_alternatives: Dict, by name, of what may be fed in
            place of `receiver_tensors`, each like it: for each there is one
            more signature of every output. None is none.

        Raises:
          ValueError: Features or receiver tensors are None, a key is no
            string, or a value no tensor.
        """
        return super().__new__(
            cls,
            wrap_and_check_input_tensors(
                features, "feature", allow_int_keys=True
            ),
            wrap_and_check_input_tensors(receiver_tensors, "receiver_tensor"),
            _checked_alternatives(receiver_tensors_alternatives),
        )


class TensorServingInputReceiver(_ServingTensors):
    """A ServingInputReceiver of a model whose features are one tensor.

    Attributes:
      features: That tensor.
      receiver_tensors: Dict of tensors by name, to be fed.
      receiver_tensors_alternatives: Dict of more such dicts, or None.
    """

    __slots__ = ()

    def __new__(
        cls,
        features: Any,
        receiver_tensors: Any,
        receiver_tensors_alternatives: Any = None,
    ) -> Self:
        """Takes the tensor and what is fed.

        Args:
          features: Tensor, SparseTensor or RaggedTensor.
          receiver_tensors: As of `ServingInputReceiver`.
          receiver_tensors_alternatives: As of `ServingInputReceiver`.

        Raises:
          ValueError: Features are no single tensor, or as there.
        """
        if features is None:
            raise ValueError("features must be defined; got None.")
        check_tensor(features, FEATURE_NAME)
        checked = ServingInputReceiver(
            features, receiver_tensors, receiver_tensors_alternatives
        )
        return super().__new__(cls, features, *checked[1:])


class UnsupervisedInputReceiver(ServingInputReceiver):
    """A receiver for training or evaluation without labels."""

    __slots__ = ()

    def __new__(cls, features: Any, receiver_tensors: Any) -> Self:
        """Takes features and receiver tensors as `ServingInputReceiver` does.

        Args:
          features: Tensor or dict of tensors.
          receiver_tensors: Tensor or dict of tensors.

        Raises:
          ValueError: As there.
        """
        return super().__new__(cls, features, receiver_tensors)


class SupervisedInputReceiver(_SupervisedTensors):
    """Placeholders of a model to train or evaluate; its features and labels.

    Attributes:
      features: Tensor or dict of tensors, as given.
      labels: Tensor or dict of tensors, as given.
      receiver_tensors: Dict of tensors by name, to be fed.
    """

    __slots__ = ()

    def __new__(cls, features: Any, labels: Any, receiver_tensors: Any) -> Self:
        """Takes tensors, SparseTensors or RaggedTensors.

        Args:
          features: Tensor, or dict of tensors by name or number.
          labels: The same.
          receiver_tensors: Tensor, which gets the name "input", or dict of
            tensors by name.

        Raises:
          ValueError: One of them is None, a key is no string, or a value no
            tensor.
        """
        wrap_and_check_input_tensors(features, "feature", allow_int_keys=True)
        wrap_and_check_input_tensors(labels, "label", allow_int_keys=True)
        return super().__new__(
            cls,
            features,
            labels,
            wrap_and_check_input_tensors(receiver_tensors, "receiver_tensor"),
        )


def _checked_alternatives(alternatives: Any) -> dict[str, Any] | None:
    if alternatives is None:
        return None
    if not isinstance(alternatives, dict):
        raise ValueError(
            f"receiver_tensors_alternatives must be a dict: {alternatives}."
        )
    return {
        name: wrap_and_check_input_tensors(
            tensors, "receiver_tensors_alternative"
        )
        for name, tensors in alternatives.items()
    }
