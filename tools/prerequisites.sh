#!/bin/sh
# What a build needs and cannot install by itself; each thing that is missing is named in one line.
# Usage: prerequisites.sh [PYTHON]
python=${1:-python3}
missing=0

need() { # need COMMAND "what it is" "Debian package or how to get it"
    command -v "$1" >/dev/null 2>&1 && return 0
    echo "missing: $1 ($2). Install $3." >&2
    missing=1
    return 1
}

if need "$python" "Python 3.11 or newer" "python3 and python3-venv, or name another: make PYTHON=python3.12 serve"; then
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        echo "too old: $("$python" --version 2>&1); 3.11 or newer is needed. Name another: make PYTHON=python3.12 serve" >&2
        missing=1
    elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        echo "missing: the venv module of $python. Install python3-venv." >&2
        missing=1
    fi
fi
need git "version control" "git"
need cc "a C compiler" "gcc or clang (build-essential)"
if need cargo "the Rust build tool" "Rust, with rustup"; then
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    found=$(rustc --version 2>/dev/null | cut -d' ' -f2)
    if [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1)" != "$wanted" ]; then
        echo "too old: Rust ${found:-without rustc}; $wanted or newer is needed. Install a newer one with rustup." >&2
        missing=1
    fi
fi
exit $missing
