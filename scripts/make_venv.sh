#!/bin/sh
# Make a virtual environment with pip in it, also where Debian's python3-venv is not installed.
# Usage: PYTHON=python3 make_venv.sh FOLDER
set -eu
python="${PYTHON:-python3}"
folder="$1"

fail() {
    rm -rf "$folder"
    echo "make_venv: $*" >&2
    exit 1
}

command -v "$python" >/dev/null || fail "no $python found; install Python 3.11 or newer"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "accsim needs Python 3.11 or newer, $python is $("$python" -V 2>&1)"

"$python" -m venv "$folder" >/dev/null 2>&1 && exit 0

# No ensurepip (Debian splits it off). A pip outside can serve the environment.
if "$python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$folder"
    "$python" -m venv --without-pip "$folder" &&
        "$python" -m pip --python "$folder/bin/python" install --quiet pip && exit 0
fi

# In a container one is root and may install the missing package.
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "make_venv: installing python3-venv" >&2
    apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
    rm -rf "$folder"
    "$python" -m venv "$folder" && exit 0
fi
fail "python3 cannot make virtual environments here; run: sudo apt-get install python3-venv"
