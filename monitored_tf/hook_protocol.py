"""What a hook is: which methods it must have, and which it may have."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any, Callable

from monitored_tf import errors

_REQUIRED = ("begin", "after_create_session", "before_run", "after_run", "end")


def check_hooks(hooks: Iterable[Any] | None) -> tuple[Any, ...]:
    """Returns the hooks as a tuple.

    Args:
      hooks: Hook objects in any iterable, a generator too, or None for none.

    Raises:
      InvalidHookError: if this is no iterable or holds anything but hooks.
    """
    if hooks is None:
        return ()
    try:
        checked = tuple(hooks)
    except TypeError:
        raise errors.InvalidHookError(
            f"hooks must be a list of SessionRunHook objects. Got {hooks!r}. "
            "Put a single hook into a list: hooks=[hook]."
        ) from None
    for hook in checked:
        _check_hook(hook)
    return checked


def _check_hook(hook: Any) -> None:
    if isinstance(hook, type):
        raise errors.InvalidHookError(
            f"hooks must hold objects, not classes. Got the class "
            f"{hook.__name__}. Make one: {hook.__name__}(...)."
        )
    for name in _REQUIRED:
        if not callable(getattr(hook, name, None)):
            raise errors.InvalidHookError(
                f"{hook!r} is no hook: it has no method {name}(). Derive "
                f"{type(hook).__name__} from SessionRunHook."
            )


def in_begin_order(hooks: tuple[Any, ...]) -> tuple[Any, ...]:
    """Returns the hooks as they begin: those with `begins_first` before others.

    Such a hook sets up what the `begin()` of others needs.
    """
    # `is not True`: a mock has every attribute.
    return tuple(
        sorted(
            hooks,
            key=lambda hook: getattr(hook, "begins_first", False) is not True,
        )
    )


def has_state(hook: Any) -> bool:
    """Returns whether a hook has a state to be saved with checkpoints."""
    return _has(hook, "state_dict", 0) and _has(hook, "load_state_dict", 1)


def optional_callbacks(
    hooks: Iterable[Any], name: str, arguments: int
) -> Iterator[Callable[..., Any]]:
    """Yields the callbacks of this name that take so many arguments.

    Hooks written before these callbacks existed may have a method of the same
    name for another purpose.
    """
    for hook in hooks:
        if _has(hook, name, arguments):
            yield getattr(hook, name)


def _has(hook: Any, name: str, arguments: int) -> bool:
    method = getattr(hook, name, None)
    return callable(method) and _takes(method, arguments)


def _takes(method: Callable[..., Any], arguments: int) -> bool:
    try:
        inspect.signature(method).bind(*([None] * arguments))
    except (TypeError, ValueError):
        return False
    return True
