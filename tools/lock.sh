#!/usr/bin/env bash
# Resolves the Python dependencies of pyproject.toml into the lock files, for every platform, with hashes.
# requirements.lock: what runs, and maturin, which builds it. requirements-dev.lock: the tools of `make test` besides.
set -euo pipefail
cd "$(dirname "$0")/.."
unset PIP_FIND_LINKS UV_FIND_LINKS
[ -x target/uv/bin/uv ] || { "${PYTHON:-python3}" -m venv target/uv && target/uv/bin/pip install --quiet 'uv>=0.9'; }
compile=(target/uv/bin/uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 --generate-hashes
    --no-annotate --custom-compile-command "make lock" --extra build)
"${compile[@]}" --output-file requirements.lock
"${compile[@]}" --extra dev --constraint requirements.lock --output-file requirements-dev.lock
