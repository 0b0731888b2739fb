#!/bin/sh
# hdactl.1 and hdactl agree: every command, option and exit code of the one stands in the other. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
man=$top_srcdir/doc/hdactl.1
hdactl=$top_builddir/hdactl
options=$(sed -n 's/^[GX]([A-Z_]*, "\([a-z-]*\)".*/\1/p' "$top_srcdir/src/cli/options.def")
commands=$("$hdactl" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
ok "there are options to look for" test "$(printf '%s\n' "$options" | wc -l)" -gt 20
ok "there are commands to look for" test "$(printf '%s\n' "$commands" | wc -l)" -gt 15
for o in $options; do ok "option --$o is documented" grep -Eq "^\.It .*Fl -$o( |\$)" "$man"; done
for c in $commands; do ok "command $c is documented" grep -Eq "^\.It Cm $c( |\$)" "$man"; done
for o in $(sed -n 's/^\.It .*Fl -\([a-z-]*\).*/\1/p' "$man"); do ok "documented option --$o exists" grep -q "\"$o\"" "$top_srcdir/src/cli/options.def"; done
for c in $(sed -n 's/^\.It Cm \([a-z]*\).*/\1/p' "$man"); do ok "documented command $c exists" sh -c "\"$hdactl\" $c --help >/dev/null"; done
for n in $(sed -n 's/.*X([A-Z_]*, \([0-9]\), ".*/\1/p' "$top_srcdir/src/cli/exit.h"); do ok "exit code $n is documented" grep -qx "\.It $n" "$man"; done
if command -v mandoc >/dev/null; then is "mandoc finds nothing" "$(mandoc -Tlint -Wwarning "$man")" ""; else skip "mandoc finds nothing" "no mandoc"; fi
# What mdoc makes of a text unasked: quotes within quotes, a word that is a macro at the head of a section, two dashes before a letter.
if command -v mandoc >/dev/null; then
	for page in "$top_srcdir"/doc/*.[1578]; do
		is "$(basename "$page"): says what is written" "$(mandoc -T utf8 -O width=300 "$page" | sed "s/.$(printf '\b')//g" | grep -nE '“[^”]*“|<[a-z]+:>|(^| )--[a-z]( |$)|[a-z] :"')" ''
	done
else
	skip "the pages say what is written" "no mandoc"
fi
done_testing
