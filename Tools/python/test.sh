#!/usr/bin/env bash
# Tools/python/test.sh [pytest's arguments]
# Tools/python/test.sh --environment     makes the environment only, and prints where it is
#
# Installs the package with everything it can use into an environment outside the checkout, checks its
# types, and runs its tests against a real vault and a fake. Uses the programs in $IMAGEVAULT_BIN, else
# the release build. The environment is $IMAGEVAULT_VENV, else imagevault-python in the user's cache.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${IMAGEVAULT_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/imagevault-python}
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "test.sh: Python 3.11 or newer is needed (PYTHON names another one)" >&2
  exit 1
}
# Made again when the interpreter or what is pinned changes.
stamp=$( ("$python" -V && cat "$here/constraints.txt" "$here/pyproject.toml") | sha256sum | cut -d ' ' -f 1)
if [ ! -x "$venv/bin/python" ] || [ "$(cat "$venv/stamp" 2>/dev/null)" != "$stamp" ]; then
  rm -rf "$venv"
  mkdir -p "$(dirname "$venv")"
  "$python" -m venv "$venv" || {
    echo "test.sh: no environment could be made: install python3-venv" >&2
    exit 1
  }
  fresh=1
fi
# From a copy: building leaves nothing in the checkout.
copy=$(mktemp -d)
out=$copy/out.txt
trap 'rm -rf "$copy"' EXIT
cp -R "$here/src" "$here/pyproject.toml" "$here/README.md" "$copy/"
install() { "$venv/bin/pip" install --quiet --disable-pip-version-check -c "$here/constraints.txt" "$@"; }
if [ -n "${fresh:-}" ]; then
  install setuptools wheel mypy
  install --no-build-isolation "$copy[async,structlog,fastapi,test]"
  printf '%s\n' "$stamp" >"$venv/stamp"
else
  install --no-build-isolation --no-deps --force-reinstall "$copy"
fi

if [ "${1:-}" = --environment ]; then
  printf '%s\n' "$venv"
  exit
fi
cd "$here"
export PYTHONDONTWRITEBYTECODE=1
# Programs that count what they run leave no file of it where they are run.
export LLVM_PROFILE_FILE=/dev/null
"$venv/bin/mypy" --cache-dir "$venv/mypy"
status=0
"$venv/bin/python" -m pytest -q -p no:cacheprovider "$@" >"$out" 2>&1 || status=$?
[ "$status" = 0 ] || cat "$out"
tail -n 1 "$out"
exit "$status"
