#!/bin/sh
# configure: its options, its summary, no -Werror in releases; every library by pkg-config; what README says of it. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
cd "$top_srcdir" || exit 99
help=$(./configure --help)
options='without-systemd with-systemdsystemunitdir with-sysusersdir with-tmpfilesdir with-sanitizer with-fuzzer enable-werror'
for o in $options; do like "configure --help has --$o" "$help" "^  --$o"; done
for o in $(sed -n '/configure --help/,/^$/p' README.md | grep -o -- '`--[a-z-]*' | tr -d '`' | grep -v -e --help -e --prefix); do like "README: configure has $o" "$help" "^  $o"; done
ok 'releases carry no -Werror' sh -c '! grep -n "Werror" configure.ac | grep -v -e "enable.werror" -e AM_INIT_AUTOMAKE'
like '--enable-werror is off by itself' "$(cat configure.ac)" '\[enable_werror=no\]'
# Each library is found by pkg-config: whatever is linked stands in a PKG_CHECK_MODULES, but libm and threads.
for l in EVENT LMDB MSGPACK ZSTD ZLIB SMARTCOLS INIH XXHASH SODIUM SYSTEMD CMOCKA; do like "pkg-config finds $l" "$(cat configure.ac)" "PKG_CHECK_MODULES\(\[$l\]"; done
is 'nothing is linked by name' "$(grep -rnE -e '(LDADD|LIBS) *\+?=.* -l[a-z]' Makefile.am src tests --include=*.mk --include=*.am | head -3)" ''
for word in prefix compiler systemd sanitizer fuzzer 'warnings fatal' 'unit tests' ruby gnuplot; do
	like "the summary says $word" "$(sed -n '/^AS_ECHO/,$p' configure.ac)" "^ +$word"
done
# Units that README names exist, and a reload may speak on the control socket, whoever owns it.
for u in $(grep -o 'hdad[a-z-]*\.\(socket\|service\)' README.md | sort -u); do ok "README: $u exists" test -e "contrib/systemd/$u" -o -e "contrib/systemd/$u.in"; done
owner=$(sed -n 's/^SocketUser=//p' contrib/systemd/hdad-control.socket)
reload=$(sed -n 's/^ExecReload=+.*/root/p' contrib/systemd/hdad.service.in)
is 'systemctl reload runs as the owner of the control socket' "${reload:-$(sed -n 's/^User=//p' contrib/systemd/hdad.service.in)}" "$owner"
# Commands and options that README names exist.
hdactl=$top_builddir/hdactl
commands=$("$hdactl" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
named=$(sed -n '/^| command/,/^$/p' README.md | sed -n 's/^| \([^|]*\)|.*/\1/p' | grep -o '`[^`]*`\|[a-z]*' | tr -d '`' | awk '{ print $1 }' | grep -E '^[a-z]+$' | sort -u)
for c in $named; do
	case $c in command | what | it | says | by | type | class | site | gem | key | string | data | holder) continue ;; esac
	like "README: hdactl has $c" "$commands" "^$c\$"
done
for o in $(grep -E '^(\||    \$ hdactl)|hdactl' README.md | grep -o -- ' --[a-z-]*' | sort -u); do
	ok "README: an option $o exists" grep -q "\"${o#--}\"" src/cli/options.def
done
# A build in the source directory itself leaves nothing that git would offer to add. Outside of a clone nobody can say.
made=$(cd "$top_builddir" && printf '%s\n' 'include Makefile' 'hda-made:' "$(printf '\t')@echo \$(PROGRAMS) \$(check_PROGRAMS) \$(EXTRA_PROGRAMS) \$(LIBRARIES) \$(CLEANFILES) \$(BUILT_SOURCES) \$(noinst_DATA) \$(CONFIG_HEADER) include/hda/version.h Makefile \$(SUBDIRS)" |
	env -u MAKEFLAGS -u MAKELEVEL make -s -f - hda-made)
if git -c safe.directory="$PWD" rev-parse --git-dir >/dev/null 2>&1; then
	ok 'the Makefile says what it makes' [ "$(echo "$made" | wc -w)" -gt 50 ]
	is 'git ignores all of it' "$(for f in $made; do git -c safe.directory="$PWD" check-ignore -q "$f" || echo "$f"; done)" ''
	is 'and no file of the tree' "$(git -c safe.directory="$PWD" ls-files -ci --exclude-standard)" ''
else
	skip 'git ignores what a build makes' 'not a clone'
fi
# ./bootstrap alone installs nothing: it comes to no package manager.
ok 'bootstrap alone installs nothing' sh -c "sed -n \"/^'')/,/;;/p\" bootstrap | grep -q make_configure && ! sed -n \"/^'')/,/;;/p\" bootstrap | grep -q install_packages"
done_testing
