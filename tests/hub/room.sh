#!/usr/bin/env bash
# room.sh FOLDER TREE… -- COMMAND…
#
# Run a command as root where it can create users without a trace on this machine: in
# mounts of its own, /etc is a copy, and /home and /srv are FOLDER's own. Each TREE (the
# Python, the checkout) can be read there by every user, even if it lies in a folder
# that only root may enter; the rest of that folder is out of sight.
set -euo pipefail

if [ -z "${IN_ROOM:-}" ]; then
  IN_ROOM=yes exec unshare --mount --propagation private bash "$0" "$@"
fi

room=$1
shift
mkdir -p "$room/home" "$room/srv" "$room/trees"
cp --archive /etc "$room/etc"
for own in etc home srv; do mount --bind "$room/$own" "/$own"; done

# Prints the topmost folder above a path that others may not enter.
closed() {
  local part place=""
  IFS=/ read -ra parts <<<"${1#/}"
  for part in "${parts[@]}"; do
    place+="/$part"
    if [ $((0$(stat -c %a "$place") & 1)) = 0 ]; then echo "$place"; return; fi
  done
}

trees=()
while [ "$1" != -- ]; do trees+=("$(realpath "$1")"); shift; done
shift
# All are held before any is covered.
for at in "${!trees[@]}"; do
  mkdir "$room/trees/$at"
  mount --bind "${trees[$at]}" "$room/trees/$at"
done
for at in "${!trees[@]}"; do
  cover=$(closed "${trees[$at]}")
  if [ -n "$cover" ]; then mount -t tmpfs -o mode=755 room "$cover"; fi
  mkdir -p "${trees[$at]}"
  if [ -n "$cover" ]; then mount --bind "$room/trees/$at" "${trees[$at]}"; fi
done
exec "$@"
