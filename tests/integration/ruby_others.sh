#!/bin/sh
# The gem's pure parts (wire, options, schedule) and their unit tests on Ruby 3.2, 3.3, 3.4 and 4.0 as WebAssembly under node.
# `make check-rubies` fetches the packages from npm (some 400 MB unpacked, six seconds on a fast line) and runs this; `make check`
# runs it when they are there. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
packages=${HDA_RUBIES:-$top_builddir/rubies}/node_modules
command -v node >/dev/null || skip_all 'no node'
[ -d "$packages/@ruby" ] || skip_all 'no Rubies as WebAssembly: make check-rubies fetches them'
gem=$(cd "$top_srcdir/contrib/ruby-client" && pwd)
for version in 3.2 3.3 3.4 4.0; do
	if [ ! -d "$packages/@ruby/$version-wasm-wasi" ]; then
		skip "Ruby $version" 'its package is not there'
		continue
	fi
	out=$(node --no-warnings "$gem/drills/rubies/run.cjs" "$packages" $version "$gem" 2>&1)
	status=$?
	# Where it cannot fork it says so, once.
	once=$(printf '%s\n' "$out" | grep -c '^hda: does nothing on ruby wasm32-wasi: it needs MRI and fork$')
	bad=$(printf '%s\n' "$out" | grep -v -e '^ok - ' -e '^hda: does nothing on ')
	[ -z "$bad" ] || diag "$bad"
	is "Ruby $version: ends well" "$status" 0
	is "Ruby $version: without fork it does nothing, and says so once" "$once" 1
	is "Ruby $version: nothing failed" "$bad" ''
	ok "Ruby $version: it is that one" [ "$(printf '%s\n' "$out" | grep -c "^ok - ruby $version[.]")" -ge 14 ]
done
done_testing
