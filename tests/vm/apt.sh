# A private apt directory with the suites that kernels come from; source it after cache.sh.
# shellcheck shell=bash
#
# The machine's own sources, lists and package state are not touched. The archive is the one that the
# machine itself uses, with its proxies; packages are verified with Debian's keyring.
#
#   apt_refresh                  lists not older than a day; goes on with older ones when there is no network
#   private_apt PROGRAM ARGS...  apt-get or apt-cache on those lists
#   apt_sources SUITE...         sources.list lines of some suites
#   debian_root SUITE DIR PACKAGES [OPTION...]
#                                make a minimal Debian root with mmdebstrap; its output is in DIR.log
#   apt_version SUITE PACKAGE    the version of a package in a suite
#   apt_depends SUITE PACKAGE    the names it depends on, one a line
APT=$CACHE/apt
APT_SUITES='bookworm bookworm-updates bookworm-security sid'
APT_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

apt_sources() {
	local archive security suite uri
	archive=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		awk '$2 ~ /^[a-z]+$/ && !/security/ { print $1; exit }')
	security=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		awk '$2 ~ /^[a-z]+-security$/ { print $1; exit }')
	if [ -z "$archive" ]; then
		echo "apt knows no Debian archive on this machine; kernels are fetched from the one in its sources" >&2
		return 1
	fi
	for suite; do
		case $suite in
		*-security) uri=${security:-${archive%/}-security/} ;;
		*) uri=$archive ;;
		esac
		echo "deb [signed-by=$APT_KEYRING arch=amd64] $uri $suite main"
	done
}

private_apt() {
	local program=$1
	shift
	"$program" -q -o Dir::Etc::SourceList="$APT/sources.list" -o Dir::Etc::SourceParts=- \
		-o Dir::State="$APT" -o Dir::State::Lists="$APT/lists" -o Dir::State::status="$APT/status" \
		-o Dir::Cache="$APT/cache" -o Acquire::Languages=none -o APT::Sandbox::User=root \
		-o APT::Architecture=amd64 -o APT::Architectures=amd64 "$@"
}

apt_refresh() {
	fresh "$APT/updated" 24 && return
	mkdir -p "$APT/lists/partial" "$APT/cache/archives/partial"
	: >"$APT/status"
	# shellcheck disable=SC2086
	apt_sources $APT_SUITES >"$APT/sources.list" || return
	say "reading package lists of $APT_SUITES"
	if private_apt apt-get update >"$APT/log" 2>&1 && ! grep -q '^[WE]:' "$APT/log"; then
		touch "$APT/updated"
	else
		grep '^[WE]:' "$APT/log" >&2
		say "package lists could not be read; going on with what is cached"
		return 1
	fi
}

debian_root() {
	local suite=$1 dir=$2 packages=$3 suites=$1
	shift 3
	[ "$suite" = sid ] || suites="$suite $suite-updates $suite-security"
	# The root's apt is told what this machine's apt is told about reaching and judging archives.
	apt-config dump | grep -E '^Acquire::(Check-|Retries|ForceIPv|https?::)[^ ]* "..*";' >"$dir.apt.conf" || :
	# shellcheck disable=SC2086
	if apt_sources $suites | mmdebstrap --quiet --variant=apt --include="$packages" \
		--aptopt="$dir.apt.conf" --aptopt='Acquire::Languages "none"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' "$@" "$suite" "$dir" - >"$dir.log" 2>&1; then
		rm "$dir.log" "$dir.apt.conf"
	else
		tail -n 10 "$dir.log" | cut -c1-300 >&2
		echo "mmdebstrap could not make a $suite root; the lines above say why, all of them are in $dir.log" >&2
		return 1
	fi
}

apt_version() {
	private_apt apt-cache madison "$2" | awk -F' *\\| *' -v suite="$1/main" '$3 ~ " " suite " " { print $2; exit }'
}

apt_depends() {
	private_apt apt-cache show "$2=$(apt_version "$1" "$2")" |
	sed -n 's/^Depends: //p' | head -n1 | tr ',' '\n' | sed 's/^ *//; s/[ :(|].*//'
}
