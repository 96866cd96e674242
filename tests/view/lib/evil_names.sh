# Names that a file may have and that break programs which put names into options, tables or scripts;
# source it. shellcheck shell=bash
#
#   evil_names              the list, an array
#   each_evil COMMAND...    run it with each name appended; prints the names for which it fails, quoted,
#                           with the last line of what it said
evil_names=(
	'a,vstat'
	'a,ro'
	'-o ro'
	'--help'
	'b\054c\'
	'd:e=f#g'
	$'"h\'i$(touch pwned)`touch pwned`;touch pwned&'
	'%s %t%o%p%n'
	$' blank\ttab\nline '
	$'\xc3\xa9\xe2\x82\xac'
	$'not\xff\xfeutf'
	"$(printf '%0248d' 0)"$',\xff\\ -\n'
)

each_evil() {
	local name said i
	for i in ${EVIL_NAMES:-${!evil_names[@]}}; do
		name=${evil_names[i]}
		said=$("$@" "$name" 2>&1) || printf '%q: %s\n' "$name" "${said##*$'\n'}"
	done
}
