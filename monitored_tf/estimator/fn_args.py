"""Which arguments a user's function names, and so is called with."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

from absl import logging

_Kind = inspect.Parameter
_STARRED = (_Kind.VAR_POSITIONAL, _Kind.VAR_KEYWORD)
MODEL_FN_ARGS = ("features", "labels", "mode", "params", "config", "self")


def fn_args(function: Any) -> tuple[str, ...]:
    """Returns the names of the arguments that are still open.

    Args:
      function: A function, method, lambda, partial or callable object. What a
        partial binds is left out, so is the `self` of a bound method, and so
        are `*args` and `**kwargs`.

    Raises:
      TypeError: if it can't be called, or does not tell its arguments.
    """
    return tuple(parameter.name for parameter in _parameters(function))


def arguments_for(
    function: Any, available: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns those of the available arguments that a function names.

    Args:
      function: As for `fn_args`.
      available: Values by the name of the argument.

    Raises:
      TypeError: as `fn_args`.
    """
    names = fn_args(function)
    return {name: available[name] for name in names if name in available}


def takes_only(function: Any, names: tuple[str, ...]) -> bool:
    """Returns whether a function names all of these arguments and no others.

    One that is given by keyword only and has a default is no matter.

    Args:
      function: As for `fn_args`.
      names: The names.

    Raises:
      TypeError: as `fn_args`.
    """
    return set(names) <= set(fn_args(function)) and not _others(function, names)


def check_model_fn(model_fn: Any, params: Any) -> None:
    """Checks the arguments that a model function names.

    Args:
      model_fn: As for `fn_args`.
      params: Those given to the Estimator, or None.

    Raises:
      ValueError: if it does not name `features`, names what it is never given,
        or there are params and it does not name them.
      TypeError: as `fn_args`.
    """
    names = fn_args(model_fn)
    if "features" not in names:
        raise ValueError(
            f"model_fn {model_fn!r} must include features argument. It "
            f"names {', '.join(names) or 'none'}."
        )
    others = _others(model_fn, MODEL_FN_ARGS)
    if others:
        raise ValueError(
            f"model_fn {model_fn!r} has following not expected args: "
            f"{', '.join(others)}. It is given {', '.join(MODEL_FN_ARGS[:-1])}:"
            " bind others with functools.partial, or put them into params."
        )
    if params is not None and "params" not in names:
        raise ValueError(
            f"Estimator was given params, but model_fn {model_fn!r} does not "
            "include params argument: add it, or leave out params."
        )
    if params is None and "params" in names:
        logging.warning(
            "model_fn %r has a params argument, but the Estimator was given "
            "no params: it will get {}.",
            model_fn,
        )


def _others(function: Any, names: tuple[str, ...]) -> list[str]:
    return [
        parameter.name
        for parameter in _parameters(function)
        if parameter.name not in names
        and not (
            parameter.kind is _Kind.KEYWORD_ONLY
            and parameter.default is not _Kind.empty
        )
    ]


def _parameters(function: Any) -> list[inspect.Parameter]:
    if isinstance(function, functools.partial):
        taken = {*_positional(function.func)[: len(function.args)]}
        taken.update(function.keywords)
        return [
            parameter
            for parameter in _parameters(function.func)
            if parameter.name not in taken
        ]
    named = _named(function)
    # A decorator that passes everything on names nothing of its own.
    if not named and hasattr(function, "__wrapped__"):
        return _parameters(function.__wrapped__)
    return named


def _positional(function: Any) -> list[str]:
    return [
        parameter.name
        for parameter in _parameters(function)
        if parameter.kind is not _Kind.KEYWORD_ONLY
    ]


def _named(function: Any) -> list[inspect.Parameter]:
    if not callable(function):
        raise TypeError(
            f"A function was expected. Got {function!r}, of type "
            f"{type(function).__name__}."
        )
    try:
        signature = inspect.signature(function, follow_wrapped=False)
    except ValueError as error:
        raise TypeError(
            f"{function!r} does not tell its arguments. Wrap it into a "
            "function that names them."
        ) from error
    return [
        parameter
        for parameter in signature.parameters.values()
        if parameter.kind not in _STARRED
    ]
