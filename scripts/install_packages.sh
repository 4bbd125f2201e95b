#!/usr/bin/env bash
# Installs what is missing of scripts/packages.txt, and of the packages named as arguments. Says nothing when all is there.
set -euo pipefail
list="$(dirname "$0")/packages.txt"
missing=()
while read -r package; do
    if [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
        missing+=("$package")
    fi
done < <(grep -v '^#' "$list" | grep -v '^$'; printf '%s\n' "$@" | grep -v '^$' || true)
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "These packages (names as in Debian 12) are missing, and there is no apt-get to install them: ${missing[*]}" >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
fi
echo "Installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
