"""The only door to the native module."""

import ast
from pathlib import Path

import pytest

from resolute import plane

STUB = Path(plane.__file__).with_name("_native.pyi")


def test_everything_of_the_contract_has_its_name_here() -> None:
    names = set()
    for node in ast.parse(STUB.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    assert set(plane.__all__) == names


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        plane.no_such_name  # type: ignore[attr-defined]  # noqa: B018 - the access is the test
