"""What `run_step_fn` hands to a step function, and what it accepts as one."""

from __future__ import annotations

import functools
import inspect
import types
from typing import Any, Callable, NoReturn

from monitored_tf import errors

# Arguments of a step function. An unbound method may be given, as in TF.
_ACCEPTED = (("step_context",), ("self", "step_context"))
# Before the name of an argument that is given by name only.
_BY_NAME = "*, "


class StepContext:
    """Runs parts of a step with or without hooks.

    Stands in for `tf.compat.v1.train.MonitoredSession.StepContext`. It is made
    anew for each attempt, so that after a recovery `session` is the new one.

    Args:
      session: The raw `tf.compat.v1.Session`.
      run_with_hooks_fn: Called by `run_with_hooks`.
      on_request_stop: Called, if given, before `request_stop` raises.
    """

    def __init__(
        self,
        session: Any,
        run_with_hooks_fn: Callable[..., Any],
        *,
        on_request_stop: Callable[[], None] | None = None,
    ) -> None:
        self._session = session
        self._run_with_hooks_fn = run_with_hooks_fn
        self._on_request_stop = on_request_stop

    @property
    def session(self) -> Any:
        """The raw `tf.compat.v1.Session`; its `run()` calls no hooks."""
        return self._session

    def run_with_hooks(self, *args: Any, **kwargs: Any) -> Any:
        """Runs with hooks; takes and returns what the session's `run` does."""
        return self._run_with_hooks_fn(*args, **kwargs)

    def request_stop(self) -> NoReturn:
        """Leaves the step function and makes `should_stop()` true.

        Raises:
          StopIteration: always; the `with` block of the session swallows it.
        """
        if self._on_request_stop is not None:
            self._on_request_stop()
        raise StopIteration("step_fn has requested the iterations to stop.")


def check_step_function(step_fn: Callable[[StepContext], Any]) -> None:
    """Checks the arguments of a step function.

    Args:
      step_fn: A function, method, lambda, partial or callable object.

    Raises:
      InvalidStepFunctionError: if its positional arguments that are still
        open are neither `step_context` nor `self, step_context`.
    """
    if _has_plain_arguments(step_fn):
        return
    if not callable(step_fn):
        raise errors.InvalidStepFunctionError(
            f"`step_fn` must be callable with one `step_context` argument. "
            f"Got {step_fn!r}, of type {type(step_fn).__name__}."
        )
    try:
        names = _open_arguments(step_fn)
    except TypeError:  # A builtin may have no signature to look at.
        names = None
    if names not in _ACCEPTED:
        raise errors.InvalidStepFunctionError(
            "`step_fn` may either have one `step_context` argument, or `self` "
            f"and `step_context` arguments if it is a method. Got {names} from "
            f"{step_fn!r}. Bind other arguments with functools.partial."
        )


def _has_plain_arguments(function: Any) -> bool:
    """Returns whether this is a function or method with the arguments wanted.

    Looks at no more than that: it is asked at every step.
    """
    is_method = type(function) is types.MethodType
    if is_method:
        function = function.__func__
    if type(function) is not types.FunctionType:
        return False
    code = function.__code__
    names = code.co_varnames[is_method : code.co_argcount]
    return names in _ACCEPTED and not code.co_kwonlyargcount


def _open_arguments(function: Callable[..., Any]) -> tuple[str, ...]:
    if isinstance(function, functools.partial):
        names = _open_arguments(function.func)[len(function.args) :]
        return tuple(
            n
            for n in names
            if n.removeprefix(_BY_NAME) not in function.keywords
        )
    if not (inspect.isroutine(function) or inspect.isclass(function)):
        function = function.__call__  # type: ignore[operator]
    spec = inspect.getfullargspec(function)
    required = set(spec.kwonlyargs) - set(spec.kwonlydefaults or ())
    names = (*spec.args, *sorted(_BY_NAME + name for name in required))
    return names[1:] if inspect.ismethod(function) else names
