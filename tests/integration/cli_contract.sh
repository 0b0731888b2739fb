#!/bin/sh
# The keys of the rows of every report are those that src/query/README.md promises. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
command -v jq >/dev/null || skip_all "no jq"
[ -n "$RUBY" ] || skip_all "no ruby"
hdactl=$top_builddir/hdactl
work=$(mktemp -d "${TMPDIR:-/tmp}/hda-contract.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$RUBY" -robjspace -e '
	class Leak; def initialize; @text = "leaked" * 9; end; end
	ObjectSpace.trace_object_allocations_start
	$keep = []
	8.times { |i| 300.times { $keep << Leak.new }; GC.start
		File.open("#{ARGV[0]}/heap-42-#{1700000000 + 1000 * i}-#{1000 * (i + 1)}.dump", "w") { |f| ObjectSpace.dump_all(output: f) } }' "$work"
seven='type class file line generation count bytes'
# promised COMMAND: the words of its third column in the table of commands.
promised() {
	sed -n '/^## Commands/,/^## diff/p' "$top_srcdir/src/query/README.md" | grep "^| \`$1\` |" | sed 's/^|[^|]*|[^|]*|//' |
		sed "s/the seven/$seven/g" | tr -c 'a-z0-9_\n' ' '
}
dump_keys='["dump","pid","counter","time","ruby","traced","partial","objects","bytes","roots","edges","bad_lines"]'
is 'the README has the dump object' "$(grep -c '^`dump pid counter time ruby traced partial objects bytes roots edges bad_lines`' "$top_srcdir/src/query/README.md")" 1
# A generation that is there: which one depends on the ruby.
gen=$("$hdactl" -f "$work" --json generations 2>/dev/null | jq '[.rows[] | select(.generation != null and .count > 0) | .generation][0]')
while read -r c; do
	name=${c%% *}
	"$hdactl" -f "$work" --json $c >"$work/r.json" 2>"$work/err"
	ok "$c: rows" sh -c 'jq -e ".rows | length > 0" "$1" >/dev/null' sh "$work/r.json"
	words=" $(promised "$name" | tr '\n' ' ') "
	strange=
	for key in $(jq -r '[.rows[] | keys_unsorted[]] | unique[]' "$work/r.json"); do
		case "$words" in *" $key "*) ;; *) strange="$strange $key" ;; esac
	done
	is "$c: no key that the README has not" "$strange" ''
	case $name in
	ps | dumps | trend | leaks) ;;
	*) is "$c: the dump object" "$(jq -c '.dump | keys_unsorted' "$work/r.json")" "$dump_keys" ;;
	esac
	case $name in
	ps | dumps) is "$c: all keys, in order" "$(jq -r '.rows[0] | keys_unsorted | join(" ")' "$work/r.json")" "$(promised "$name" | xargs)" ;;
	esac
	# The seven stand together and in order wherever one of file and generation is.
	is "$c: the seven in order" "$(jq '[.rows[] | keys_unsorted | select(index("file") and index("generation")) |
		map(select(IN("type", "class", "file", "line", "generation", "count", "bytes")))] | unique | length <= 1' "$work/r.json")" true
done <<-END
	ps
	dumps --all
	show
	top
	top --by site
	top --by gem
	top --by key
	top --by object
	generations
	generation $gen
	strings
	refs
	diff first last
	trend
	trend --by container
	leaks --all
	holders
	containers
	path --class Leak
END
done_testing
