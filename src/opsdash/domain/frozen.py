"""The standard library's frozen, slotted dataclass, made ten times faster to define.

A hundred of them are defined before the first frame, and compiling six methods for each took a sixth of
the start. Here a class is made anew in one go, methods that nothing calls in a loop are closures, and
`__init__` is compiled when so many instances were made that it pays. What else a dataclass can do is
left to the standard library.
"""

import dataclasses
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, get_origin

__all__ = ["dataclass"]

COMPILED_AFTER = 30
"""Instances of a class from which the next are made by a compiled `__init__`.

Compiling costs what thirty instances do; most classes of a configuration never have as many.
"""

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls=None, /, **options):
        """Decorate a class as `dataclasses.dataclass` does."""

        def decorate(cls):
            derived = hasattr(cls, "__dataclass_fields__") or hasattr(cls, "__post_init__")
            if derived or options != {"frozen": True, "slots": True}:
                return dataclasses.dataclass(cls, **options)
            return _frozen(cls)

        return decorate if cls is None else decorate(cls)


@dataclasses.dataclass(init=False, repr=False, eq=False)
class _Model:
    """What the standard library writes down of a class that it made so, and of its fields."""

    field: int = 0


_PARAMS: Any = vars(_Model)["__dataclass_params__"]
_PARAMS.init = _PARAMS.repr = _PARAMS.eq = _PARAMS.frozen = True
_KIND: Any = getattr(dataclasses.fields(_Model)[0], "_field_type")  # noqa: B009


def _frozen(cls: type) -> type:
    own = cls.__dict__
    fields = _fields_of(cls)
    listed = tuple(fields.values())
    methods = {**_comparison(listed), **_guards(), **_state(listed), "__repr__": _repr(listed)}
    space = {
        **methods,
        **{name: value for name, value in own.items() if name not in fields},
        "__slots__": tuple(fields),
        "__match_args__": tuple(fields),
        "__dataclass_fields__": fields,
        "__dataclass_params__": _PARAMS,
    }
    for name in ("__dict__", "__weakref__"):
        space.pop(name, None)
    # Slots are given to a class when it is made: so this one is made a second time.
    made: Any = type(cls)(cls.__name__, cls.__bases__, space)
    made.__qualname__ = cls.__qualname__
    if "__init__" not in own:
        made.__init__ = _first_init(made, listed)
        made.__signature__ = _Signature()
    return made  # type: ignore[no-any-return]


def _fields_of(cls: type) -> dict[str, Any]:
    """Return the fields of a class by name, as the standard library's tools want them."""
    found: dict[str, Any] = {}
    kind: Any
    for name, kind in cls.__annotations__.items():
        default = cls.__dict__.get(name, dataclasses.MISSING)
        field: Any = default
        if not isinstance(default, dataclasses.Field):
            field = dataclasses.field(default=default)
        if field.kw_only is True or not field.init or get_origin(kind) is ClassVar:
            raise TypeError(
                f"{cls.__qualname__}.{name}: only dataclasses.dataclass knows such a field"
            )
        if field.default.__class__.__hash__ is None:
            raise ValueError(f"{cls.__qualname__}.{name}: use default_factory for what can change")
        field.name, field.type, field.kw_only, field._field_type = name, kind, False, _KIND
        found[name] = field
    return found


def _comparison(fields: tuple[Any, ...]) -> dict[str, Any]:
    compared = _values_of([f.name for f in fields if f.compare])
    hashed = _values_of([f.name for f in fields if (f.compare if f.hash is None else f.hash)])

    def __eq__(self: object, other: object) -> bool:  # noqa: N807
        if other.__class__ is not self.__class__:
            return NotImplemented
        return bool(compared(self) == compared(other))

    def __hash__(self: object) -> int:  # noqa: N807
        return hash(hashed(self))

    return {"__eq__": __eq__, "__hash__": __hash__}


def _values_of(names: list[str]) -> Callable[[object], tuple[Any, ...]]:
    if len(names) > 1:
        return operator.attrgetter(*names)
    return lambda self: tuple(getattr(self, name) for name in names)


def _guards() -> dict[str, Any]:
    def __setattr__(self: object, name: str, value: object) -> None:  # noqa: N807
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self: object, name: str) -> None:  # noqa: N807
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    return {"__setattr__": __setattr__, "__delattr__": __delattr__}


def _state(fields: tuple[Any, ...]) -> dict[str, Any]:
    """Return what copying and pickling need where nothing can be set."""

    def __getstate__(self: object) -> list[Any]:  # noqa: N807
        return [getattr(self, field.name) for field in fields]

    def __setstate__(self: object, state: list[Any]) -> None:  # noqa: N807
        for field, value in zip(fields, state, strict=True):
            object.__setattr__(self, field.name, value)

    return {"__getstate__": __getstate__, "__setstate__": __setstate__}


def _repr(fields: tuple[Any, ...]) -> Any:
    names = [field.name for field in fields if field.repr]

    def __repr__(self: object) -> str:  # noqa: N807
        told = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({told})"

    return __repr__


def _first_init(cls: type, fields: tuple[Any, ...]) -> Any:
    """Return an `__init__` that puts a compiled one in its place once that pays."""
    left = COMPILED_AFTER

    def __init__(self: object, *args: Any, **kw: Any) -> None:  # noqa: N807
        nonlocal left
        left -= 1
        if left < 0 or not _fill(self, cls, fields, args, kw):
            # The compiled one also says what is wrong with the arguments.
            _settle(cls)(self, *args, **kw)

    __init__.__annotations__ = {field.name: field.type for field in fields}
    __init__.__qualname__ = f"{cls.__qualname__}.__init__"
    return __init__


def _fill(
    instance: object,
    cls: type,
    fields: tuple[Any, ...],
    args: tuple[Any, ...],
    kw: dict[str, Any],
) -> bool:
    """Set the fields of a new instance; False where the arguments are not those of the class."""
    named = 0
    for index, field in enumerate(fields):
        name = field.name
        if index < len(args):
            value = args[index]
        elif name in kw:
            value = kw[name]
            named += 1
        elif field.default is not dataclasses.MISSING:
            value = field.default
        elif field.default_factory is not dataclasses.MISSING:
            value = field.default_factory()
        else:
            return False
        getattr(cls, name).__set__(instance, value)
    return named == len(kw) and len(args) <= len(fields)


def _settle(cls: type) -> Callable[..., None]:
    """Compile the `__init__` of a class, each value written through its slot's descriptor."""
    fields = dataclasses.fields(cls)
    space: dict[str, Any] = {"_none": dataclasses.MISSING}
    parameters, lines = [], []
    for field in fields:
        name = field.name
        space[f"_set_{name}"] = getattr(cls, name).__set__
        value, default = name, ""
        if field.default is not dataclasses.MISSING:
            space[f"_default_{name}"] = field.default
            default = f"=_default_{name}"
        elif field.default_factory is not dataclasses.MISSING:
            space[f"_make_{name}"] = field.default_factory
            default, value = "=_none", f"_make_{name}() if {name} is _none else {name}"
        parameters.append(name + default)
        lines.append(f"    _set_{name}(self, {value})")
    body = "\n".join(lines) or "    pass"
    # Nothing but the names of a class's own fields is in it, as in the standard library's.
    exec(f"def __init__({', '.join(['self', *parameters])}):\n{body}", space)  # noqa: S102
    init: Callable[..., None] = space["__init__"]
    init.__annotations__ = {field.name: field.type for field in fields}
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    cls.__init__ = init  # type: ignore[misc]
    return init


class _Signature:
    """The signature of a class, computed for whoever asks."""

    def __get__(self, instance: object, owner: type) -> Any:
        import inspect

        signature = inspect.signature(_settle(owner))
        return signature.replace(parameters=list(signature.parameters.values())[1:])
