// Runs pure.rb in a Ruby that is WebAssembly: node run.cjs PACKAGES VERSION GEM
// PACKAGES is the node_modules directory with @ruby/VERSION-wasm-wasi in it. SPDX-License-Identifier: BSD-2-Clause
const { readFileSync, readdirSync, writeSync } = require("node:fs");
const [packages, version, gem] = process.argv.slice(2);
// Not node's own WASI: that one crashes (node 20) once Ruby's memory has grown.
const { WASI, File, Directory, OpenFile, PreopenDirectory, ConsoleStdout } = require(`${packages}/@bjorn3/browser_wasi_shim`);
const { RubyVM } = require(`${packages}/@ruby/wasm-wasi/dist/cjs/vm.js`);

// A directory with all below it, in memory.
const tree = (path) => new Map(readdirSync(path, { withFileTypes: true }).map((e) => [e.name,
	e.isDirectory() ? new Directory(tree(`${path}/${e.name}`)) : new File(readFileSync(`${path}/${e.name}`))]));

(async () => {
	const wasm = await WebAssembly.compile(readFileSync(`${packages}/@ruby/${version}-wasm-wasi/dist/ruby+stdlib.wasm`));
	const say = (bytes) => writeSync(1, bytes);
	const wasi = new WASI([], [], [new OpenFile(new File([])), new ConsoleStdout(say), new ConsoleStdout(say), new PreopenDirectory("/gem", tree(gem))],
		{ debug: false });
	const { vm } = await RubyVM.instantiateModule({ module: wasm, wasip1: wasi });
	const failed = vm.eval('$stdout.sync = true; $:.unshift("/gem/lib"); load "/gem/drills/rubies/pure.rb"; $hda_failed').toString();
	// At once: node may crash when it takes the machine apart, after all is said.
	process.exit(failed === "0" ? 0 : 1);
})().catch((e) => {
	writeSync(1, String(e && e.stack || e).replace(/^/gm, "# ") + "\n");
	process.exit(1);
});
