#!/usr/bin/env bash
# Installs what is missing of scripts/packages.txt, and of the packages named as arguments. Says nothing when all is there.
set -euo pipefail
list=$(dirname -- "$0")/packages.txt
missing=()
for package in $(grep -v '^#' "$list") "$@"; do
    if [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
        missing+=("$package")
    fi
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
fail() {
    echo "$1" >&2
    echo "Missing packages, by their names in Debian 12: ${missing[*]}" >&2
    exit 1
}
if ! command -v apt-get >/dev/null; then
    fail "This system has no apt-get. Install the following by its own means, then build with CMake as README.md says."
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "Installing packages needs root, and there is no sudo. Run as root: apt-get install ${missing[*]}"
    as_root=(sudo)
fi
echo "Installing ${missing[*]}"
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null >/dev/null
}
apt update || fail "apt-get update failed."
apt install -y --no-install-recommends "${missing[@]}" || fail "apt-get install failed; the packages are those of Debian 12."
