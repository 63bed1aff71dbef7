# Starts a command under limits, and in a root folder of its own if one is named:
#
#   confine.sh PROCESSES MEGABYTES SECONDS ROOT [FOLDER ...] -- COMMAND ...
#
# PROCESSES  the most processes and threads, or 0 for no limit
# MEGABYTES  the most address space
# SECONDS    the most processor time
# ROOT       an empty folder to be the command's root, with FOLDERs in it, read-only, and nothing else; or ''.
#            This needs a mount namespace in which we are root: unshare --user --map-root-user --mount --pid
#
# A limit that this shell or system does not know is left out.
set -e

limit() {
  # dash says -p where others say -u: tried in a subshell, as a wrong option may end the shell
  if (ulimit "$1" "$2") 2>/dev/null; then ulimit "$1" "$2"; fi
}

show() {
  mkdir -p "$root${1%/*}"
  if [ -L "$1" ]; then
    ln -s "$(readlink "$1")" "$root$1"
  else
    mkdir -p "$root$1"
    mount --rbind "$1" "$root$1"
    mount -o remount,bind,ro "$root$1"
  fi
}

processes=$1 megabytes=$2 seconds=$3 root=$4
shift 4
[ -z "$root" ] || mount -t tmpfs -o size=256k,mode=755 sandbox "$root"
while [ "$1" != -- ]; do
  show "$1"
  shift
done
shift
if [ -n "$root" ]; then
  mkdir -p "$root/proc"
  mount -t proc -o ro proc "$root/proc" # the JDK finds its libraries by /proc/self/exe
  mount -o remount,bind,ro "$root"
  cd /
  set -- chroot "$root" "$@"
fi

limit -c 0
limit -f 0
limit -n 64
limit -t "$seconds"
limit -v "$((megabytes * 1024))"
if [ "$processes" -gt 0 ]; then
  if [ -n "${BASH_VERSION:-}" ]; then limit -u "$processes"; else limit -p "$processes"; fi
fi
exec "$@"
