"""The generated reference."""

import json
import tomllib

from resolute.config.manual import entries, json_schema, manual
from resolute.config.tree import SECTIONS, Settings


def test_every_setting_has_a_line() -> None:
    page = manual()
    for entry in entries():
        assert f"- `{entry.key}`: {entry.description} (" in page
        assert entry.description.endswith((".", ")"))
        assert "\n" not in entry.description
    for section in SECTIONS:
        assert f"## [{section}]" in page or f"## [[{section}]]" in page


def test_defaults_are_what_the_models_have() -> None:
    """Each default, read as TOML from the page, gives the settings that no file gives."""
    shown = [
        entry for entry in entries() if entry.default not in (None, "not set") and "for root" not in str(entry.default)
    ]
    tables = [
        f"{entry.section}.{entry.key} = {entry.default}"
        for entry in shown
        if entry.variable and "." not in entry.section
    ]
    assert Settings.model_validate(tomllib.loads("\n".join(tables))) == Settings()


def test_the_schema_is_of_the_file() -> None:
    schema = json.loads(json.dumps(json_schema()))
    assert list(schema["properties"]) == list(SECTIONS)
    assert schema["additionalProperties"] is False
    cache = schema["$defs"]["Cache"]["properties"]
    assert cache["size"]["default"] == "64MiB"
    assert cache["stale_after"]["default"] == "1.8s"
    assert all("description" in item for of in schema["$defs"].values() for item in of["properties"].values())
