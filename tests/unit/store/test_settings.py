"""Where things are kept."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from resolute.store.settings import Store, default_directory


def test_the_data_directory_is_where_the_platform_keeps_it() -> None:
    assert default_directory({"STATE_DIRECTORY": "/var/lib/private/resolute:/x"}, root=False) == Path(
        "/var/lib/private/resolute"
    )
    assert default_directory({}, root=True) == Path("/var/lib/resolute")
    assert default_directory({"XDG_DATA_HOME": "/home/a/share"}, root=False) == Path("/home/a/share/resolute")
    assert default_directory({}, root=False) == Path.home() / ".local/share/resolute"


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite:///", "postgresql://", "data.db"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        Store(url=url)
