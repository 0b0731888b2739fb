#!/bin/sh
# A real Ruby process a kind of holder: hdactl names it. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
ruby=${RUBY:-$(command -v ruby || true)}
if [ -z "$ruby" ] || ! "$ruby" -e 'exit RUBY_VERSION >= "3.1"'; then
	skip "each kind of holder is named" "no Ruby 3.1 or later"
	done_testing
	exit
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
hda() { kind=$1; shift; "$top_builddir/hdactl" -f "$work/$kind.dump" "$@" 2>"$work/err"; }
dump() { kind=$1; shift; "$ruby" -I "$top_srcdir/contrib/ruby-client/lib" "$top_srcdir/tests/integration/holders_program.rb" "$kind" "$work/$kind.dump" "$@"; }
# named KIND HOLDER [OPTION ...]: show lists HOLDER, and it keeps at least the 9 001 objects that the program gave it.
named() {
	of=$1; holder=$2; shift 2
	dump "$of" "$@"
	set -- "$of" "$holder"
	found=$(hda "$1" show --json | sed -n 's/.*"list":"holders","name":"\([^"]*\)".*"retained_objects":\([0-9]*\).*/\2 \1/p')
	ok "$1: a holder is \"$2\"" sh -c 'printf "%s\n" "$1" | awk -v name="$2" '"'"'{n = $1; sub(/^[0-9]* /, ""); if ($0 == name && n >= 9001) found = 1} END {exit !found}'"'" - "$found" "$2"
}
named class 'class PriceCache -> Hash'
named class_variable 'class Registry -> Hash'
named constant 'module Foo -> Hash'
named global 'global variable -> Hash'
named thread_local 'Thread -> Hash'
named thread_stack 'Thread -> Hash'
named fiber 'Fiber -> Hash'
named closure 'module Hooks -> Array -> Proc -> Hash'
named imemo 'class Keeper -> Binding -> Hash'
named finalizer 'finalizer table -> Array (no class) -> Proc -> Hash'
named at_exit 'at_exit -> Proc -> Hash'

# With allocation tracing a block goes by its place; with the names that the gem sends the holder goes by its own.
line=$(grep -n '^def hook' "$top_srcdir/tests/integration/holders_program.rb" | cut -d: -f1)
named closure "module Hooks -> Array -> proc at $top_srcdir/tests/integration/holders_program.rb:$line -> Hash" trace
named closure 'constant Hooks::LIST -> Array -> Proc -> Hash' names
named class 'class PriceCache @prices -> Hash' names
named class_variable 'class Registry @@all -> Hash' names
named constant 'constant Foo::REGISTRY -> Hash' names
named global 'global $stats -> Hash' names
named thread_local 'Thread[:cache] -> Hash' names
hda constant containers --json >"$work/containers"
ok "constant: the container goes by it, too" grep -q '"name":"constant Foo::REGISTRY -> Hash"' "$work/containers"
garbage() { hda "$1" show --json | sed -n 's/.*"name":"garbage","count":\([0-9]*\).*/\1/p'; }
with=$(garbage constant)
dump constant
ok "the names cost few objects" test "$((with - $(garbage constant)))" -lt 6000

hda class path --class Hash >"$work/path"
ok "class: what is said twice stands once" grep -q 'Ruby VM -> class PriceCache @prices -> Hash ' "$work/path"

dump class
dump closure
hda class holders -n 0 --depth 0 >"$work/tree"
ok "class: the tree leads from the class by Hash and Array to String" \
	awk '/class PriceCache$/ {at = NR} at && NR == at + 1 {ok = /Hash$/} at && NR == at + 2 {ok = ok && /Array$/} at && NR == at + 3 {ok = ok && /String$/; exit} END {exit !ok}' "$work/tree"
hda class path --class Array >"$work/path"
ok "class: path --class Array names the class" grep -q 'class PriceCache -> Hash -> Array' "$work/path"
hda imemo holders -n 0 --depth 0 >"$work/tree"
ok "imemo: the IMEMO between Binding and Hash is folded away" sh -c '! grep -i imemo "$1"' - "$work/tree"
dump list
hda list path --class Node >"$work/path"
ok "list: 3 000 nodes are one step" grep -q 'class Keeper -> Node (x 3000)' "$work/path"
hda list containers >"$work/containers"
ok "list: a chain is a container" grep -Eq '^ *3 000 .* Node ' "$work/containers"
dump anonymous
hda anonymous holders -n 0 --depth 0 >"$work/tree"
ok "anonymous: a class without a name goes by its superclass" grep -q '#<Class < StandardError>' "$work/tree"
dump weak_map
hda weak_map holders --class String -n 0 >"$work/tree"
ok "weak_map: no path to a String leads through the map" sh -c 'test -s "$1" && ! grep -E "[^s] ObjectSpace::WeakMap" "$1"' - "$work/tree"
hda weak_map show --json >"$work/show"
garbage=$(sed -n 's/.*"name":"garbage","count":[0-9]*,"bytes":\([0-9]*\).*/\1/p' "$work/show")
ok "weak_map: what only the map refers to is garbage" test "${garbage:-0}" -gt 1500000
ok "weak_map: it is no large holder" sh -c '! grep -E "\"list\":\"holders\",\"name\":\"[^\"]*WeakMap[^}]*\"retained\":[0-9]{6}" "$1"' - "$work/show"

# The same program in another process: other addresses, the same signatures.
mv "$work/closure.dump" "$work/first.dump"
dump closure
sigs() { hda "$1" holders --class Array -n 0 --json | sed -n 's/.*"id":"\([0-9a-f]*\)".*"name":"\([^"]*\)".*/\1 \2/p' | grep -E ' (module Hooks|Proc|Array)' | sort; }
sigs first >"$work/a"
sigs closure >"$work/b"
ok "signatures are found" test -s "$work/a"
ok "two processes give the same signature ids" cmp -s "$work/a" "$work/b"
done_testing
