# Sourced with a command of this tree and its arguments, from the top of the tree: goes on where other users can
# reach the tree. Tests and the demonstration become ordinary users, whom a home like /root does not let in; there
# the tree is bound over /media, in a mount namespace of the command's own.
if [ "$(id -u)" -eq 0 ] && ! setpriv --reuid 1000 --regid 1000 --clear-groups test -r "$PWD/Makefile"; then
	exec unshare --mount --propagation private sh -c \
		'mount --bind "$1" /media && cd /media && shift && exec "$@"' sh "$PWD" "$@"
fi
