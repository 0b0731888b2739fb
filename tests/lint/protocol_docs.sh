#!/bin/sh
# hda-protocol.7 and hda/protocol.h agree: every frame type, limit, status and key of BEGIN. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
man=$top_srcdir/doc/hda-protocol.7
header=$top_srcdir/include/hda/protocol.h
types=$(sed -n 's/^[[:space:]]*X(\([A-Z_]*\), \([0-9]*\), \([0-9]*\), "\(.*\)").*/.It \1 Ta \2 Ta \3 Ta \4/p' "$header")
statuses=$(sed -n 's/^[[:space:]]*X(\([A-Z_]*\), \([0-9]*\), "\(.*\)").*/.It \1 Ta \2 Ta \3/p' "$header")
keys=$(sed -n '/^\/\* Keys of BEGIN/,/^ \* time is/{/^\/\*/d;/^ \* time is/d;p;}' "$header" |
	sed 's/\[\[.*\]//; s/{class: n}//; s/^ \*//' | tr '{}' '  ')
# lines TEXT: how many.
lines() { printf '%s\n' "$1" | wc -l; }
ok "there are types to look for" test "$(lines "$types")" -ge 14
ok "there are statuses to look for" test "$(lines "$statuses")" -ge 14
ok "there are keys to look for" test "$(printf '%s\n' $keys | wc -l)" -ge 40
# each LINES: every line of them stands in the manual as it is.
each() {
	while read -r line; do
		ok "documented: $line" grep -Fqx -e "$line" "$man"
	done <<-EOF
	$1
	EOF
}
each "$types"
each "$statuses"
for t in $(printf '%s\n' "$types" | cut -d' ' -f2); do ok "keys of $t are documented" grep -Eqx "\.(It|Ss) $t" "$man"; done
section=$(sed -n '/BEGIN KEYS/,/END KEYS/p' "$man")
for k in $keys; do like "key $k of BEGIN is documented" "$section" "^\.(It )?Va (.* )?$k( |\$)"; done
# And nothing is documented that is not there.
for k in $(printf '%s\n' "$section" | sed -n 's/^\.It Va //p'); do like "documented key $k exists" "$(printf '%s\n' $keys)" "^$k\$"; done
for t in $(sed -n 's/^\.It \([A-Z_]*\) Ta [0-9]* Ta .*/\1/p' "$man"); do like "documented $t exists" "$types $statuses" "It $t Ta"; done
mark=$(sed -n 's/^\.Dl \(00 .*\)/\1/p' "$man")
is "the end mark is documented" "$mark" "$(printf '\0HDAEND\n' | od -An -tx1 | tr a-f A-F | sed 's/^ //')"
ok "the header has the same mark" grep -Fq '#define HDA_END_MARK "\0HDAEND\n"' "$header"
if command -v mandoc >/dev/null; then is "mandoc finds nothing" "$(mandoc -Tlint -Wwarning "$man")" ""; else skip "mandoc finds nothing" "no mandoc"; fi
done_testing
