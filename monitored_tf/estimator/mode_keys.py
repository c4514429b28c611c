"""What a model function is called for."""

from __future__ import annotations


class ModeKeys:
    """The names of the modes; plain strings, as programs compare them.

    Attributes:
      TRAIN: "train".
      EVAL: "eval".
      PREDICT: "infer".
    """

    TRAIN = "train"
    EVAL = "eval"
    PREDICT = "infer"
