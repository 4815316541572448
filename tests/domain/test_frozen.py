"""The fast frozen dataclass does what the standard library's does."""

import copy
import dataclasses
import inspect
import pickle
from dataclasses import field
from typing import ClassVar

import pytest

from opsdash.domain.frozen import COMPILED_AFTER, dataclass


@dataclass(frozen=True, slots=True)
class Fast:
    """Every kind of field."""

    a: str
    b: float = 1.5
    c: tuple[str, ...] = ()
    d: dict[str, int] = field(default_factory=dict, hash=False)
    e: int = field(default=0, compare=False, repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Standard:
    """The same by the standard library."""

    a: str
    b: float = 1.5
    c: tuple[str, ...] = ()
    d: dict[str, int] = field(default_factory=dict, hash=False)
    e: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Further(Fast):
    """A subclass with a field more."""

    f: int = 7


def test_it_is_made_shown_compared_and_hashed_alike() -> None:
    """Defaults, factories, repr, equality and hash are those of the standard library."""
    for given in (("x",), ("x", 2.0), ("x", 2.0, ("y",), {"z": 1}, 5)):
        fast, standard = Fast(*given), Standard(*given)
        assert repr(fast).removeprefix("Fast") == repr(standard).removeprefix("Standard")
        assert dataclasses.astuple(fast) == dataclasses.astuple(standard)
        assert hash(fast) == hash(standard)
        assert fast == Fast(*given)
    assert Fast("x", e=1) == Fast("x", e=2)
    assert Fast("x") != Fast("y")
    other: object = Standard("x")
    assert Fast("x") != other
    assert Fast("x").d is not Fast("x").d


def test_nothing_of_it_can_be_changed() -> None:
    """Assigning or deleting raises FrozenInstanceError, and there is no room for more."""
    one = Fast("x")
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.a = "y"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del one.a
    assert not hasattr(one, "__dict__")


def test_the_librarys_tools_work_on_it() -> None:
    """replace, fields, copies, pickles, patterns and signatures are as they should be."""
    one = dataclasses.replace(Fast("x", e=4), b=9.0)
    assert (one.a, one.b, one.e) == ("x", 9.0, 4)
    assert [f.name for f in dataclasses.fields(Fast)] == list("abcde")
    assert dataclasses.is_dataclass(Fast)
    assert copy.deepcopy(one) == one
    assert pickle.loads(pickle.dumps(one)) == one
    assert [*inspect.signature(Fast).parameters] == list("abcde")
    match one:
        case Fast(a, b):
            assert (a, b) == ("x", 9.0)


def test_a_subclass_has_all_fields() -> None:
    """Fields of both are there, in order, and both kinds of instance keep apart."""
    assert dataclasses.astuple(Further("x", f=8)) == ("x", 1.5, (), {}, 0, 8)
    assert Further("x") != Fast("x")


def test_a_missing_or_unknown_argument_is_named() -> None:
    """The message is that of any function, at the first instance and later."""
    for _ in range(2):
        with pytest.raises(TypeError, match="multiple values for argument 'a'"):
            Fast("x", a="y")  # type: ignore[misc]
        with pytest.raises(TypeError, match="positional arguments but 7 were given"):
            Fast("x", 1.0, (), {}, 0, 7)  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="missing 1 required positional argument: 'a'"):
            Fast()  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
            Fast("x", z=1)  # type: ignore[call-arg]


def test_the_first_instances_are_like_those_that_are_made_compiled() -> None:
    """By place, by name and by default: no instance tells how its values came into it."""

    @dataclass(frozen=True, slots=True)
    class Fresh:
        """Nobody has made one yet."""

        a: str
        b: int = 2
        c: list[int] = field(default_factory=list)

    made = [Fresh("x", c=[number]) for number in range(COMPILED_AFTER + 3)]
    assert [dataclasses.astuple(one) for one in made] == [
        ("x", 2, [number]) for number in range(len(made))
    ]
    assert made[0] == Fresh(a="x", b=2, c=[0])
    assert Fresh("x").c is not Fresh("x").c


def test_what_it_does_not_know_is_refused() -> None:
    """A field that it would make otherwise than the standard library does is no field at all."""

    class Switched:
        """One that is given by its name alone."""

        a: int = field(default=1, kw_only=True)

    class Hidden:
        """One that nobody gives."""

        a: int = field(default=1, init=False)

    class Shared:
        """One of the class."""

        a: ClassVar[int] = 1

    class Growing:
        """One that all instances would fill."""

        a: list[int] = []  # noqa: RUF012

    for made, wrong in ((Switched, TypeError), (Hidden, TypeError), (Shared, TypeError)):
        with pytest.raises(wrong, match="knows such a field"):
            dataclass(frozen=True, slots=True)(made)
    with pytest.raises(ValueError, match="use default_factory"):
        dataclass(frozen=True, slots=True)(Growing)


def test_methods_and_what_a_class_writes_itself_stay() -> None:
    """Its own repr, its properties, its docstring and its name are those that were written."""

    @dataclass(frozen=True, slots=True)
    class Told:
        """Says itself."""

        a: int
        b: int = 2

        @property
        def sum(self) -> int:
            """Both."""
            return self.a + self.b

        def __repr__(self) -> str:
            return f"told {self.sum}"

    assert (repr(Told(1)), Told(1).sum, Told.__doc__) == ("told 3", 3, "Says itself.")
    assert Told.__qualname__.endswith("<locals>.Told")
    assert Told.__module__ == __name__
