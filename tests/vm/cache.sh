# The cache of kernels, compiler roots and userlands; source it. shellcheck shell=bash
#
#   CACHE                        its directory; everything in it can be removed, the next use rebuilds it
#   say WORDS...                 a progress line, on standard error
#   locked NAME COMMAND...       run a command while nobody else holds the lock NAME of the cache
#   fresh FILE HOURS             is the file younger than that?
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/vsquare
mkdir -p "$CACHE"

say() { echo "# $*" >&2; }

locked() {
	local lock=$1
	shift
	(
		flock -n 9 || { say "waiting for another run that prepares $lock"; flock 9; }
		"$@" 9>&-
	) 9>"$CACHE/.lock-$lock"
}

fresh() { [ -n "$(find "$1" -maxdepth 0 -mmin -$(($2 * 60)) 2>/dev/null)" ]; }
