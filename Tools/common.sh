# Shared by the tools: where things are, what the machine must have, how a development vault is made.
# Sourced, not run.

set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*"; }
fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Debian packages that building and running need.
PACKAGES="libsodium-dev libsqlite3-dev libmagic-dev libjpeg62-turbo-dev zlib1g-dev libdeflate-dev libseccomp-dev libqrencode-dev pkg-config python3"

# What the tests need besides: the second implementation's libraries, tokens in software, and a disk that records
# what is written to it.
TEST_PACKAGES="python3-nacl python3-cryptography python3-venv nginx-light openssl curl util-linux mount e2fsprogs zbar-tools gdb libp11-kit-dev softhsm2 opensc libtss2-dev libtss2-tcti-swtpm0 tpm2-tools swtpm chromium qemu-system-common python3-yaml systemd systemd-container dbus prometheus patchelf binutils dpkg-dev xz-utils"

# Installs what is missing of the packages named, and says what.
need_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  say "installing ${missing[*]}"
  install_packages "${missing[@]}"
}

# Installs packages without starting what they bring as a service, now or at the next boot: a test starts
# its own nginx.
install_packages() (
  as_root=() policy=/usr/sbin/policy-rc.d
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  if [ ! -e "$policy" ]; then
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
  fi
  "${as_root[@]}" apt-get update -qq >/dev/null
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  local service
  for service in nginx:nginx-light prometheus:prometheus; do
    case " $* " in
      *" ${service#*:} "*) "${as_root[@]}" systemctl disable "${service%:*}" >/dev/null 2>&1 || true ;;
    esac
  done
)

need_swift() {
  command -v swift >/dev/null || fail "no swift in PATH: install a Swift 6.3 toolchain from swift.org/install"
  local version
  version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
  case "$version" in
    6.[3-9] | 6.[1-9][0-9] | [7-9].*) ;;
    *) fail "swift $version is too old: Swift 6.3 or newer is needed first in PATH" ;;
  esac
}

# The folder with the programs: $IMAGEVAULT_BIN, else the release build, which is made when it is not there.
programs() {
  if [ -n "${IMAGEVAULT_BIN:-}" ]; then
    printf '%s' "$IMAGEVAULT_BIN"
    return
  fi
  local folder=$ROOT/.build/release
  if [ ! -x "$folder/vaultd" ] || [ ! -x "$folder/vaultctl" ] || [ ! -x "$folder/vaultinspect" ] ||
    [ ! -x "$folder/vaultverify" ]; then
    {
      need_swift
      need_packages $PACKAGES
      say "building in release: several minutes the first time"
      build_release
    } >&2
  fi
  printf '%s' "$folder"
}

# For a tool in Python: where the programs are, and the interpreter, in $python.
need_python_tool() {
  IMAGEVAULT_BIN=$(programs)
  IMAGEVAULT_BIN=$(realpath "$IMAGEVAULT_BIN")
  export IMAGEVAULT_BIN PYTHONDONTWRITEBYTECODE=1
  python=${PYTHON:-python3}
}

# The rules of a tool in Python, which Tools/test_NAME.py breaks.
hold_own_rules() {
  local tests file
  for file in "$ROOT/Tools/test_$1"{,_*}.py; do
    [ -f "$file" ] || continue
    tests=$("$python" "$file" 2>&1) || {
      printf '%s\n' "$tests"
      fail "its own rules do not hold"
    }
  done
}

# Builds the products named in release, else the four programs.
build_release() {
  local product log
  log=$(mktemp)
  [ $# -gt 0 ] || set -- vaultinspect vaultd vaultctl vaultverify
  for product in "$@"; do
    (cd "$ROOT" && swift build -c release --product "$product" --explicit-target-dependency-import-check error) \
      >"$log" 2>&1 || { tail -n 40 "$log" >&2; rm -f "$log"; fail "the build of $product failed"; }
  done
  rm -f "$log"
}
