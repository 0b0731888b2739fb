/* The scanner over hostile lines: what it says is written out here, and is the same in every implementation and for every
 * cut. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "base/mem.h"
#include "scan_dumps.h"
#include "scan_record.h"

#define A(addr) "{\"address\":\"0x" addr "\", \"type\":"
#define S(addr) A(addr) "\"STRING\", "
#define REST(site) " bytesize=0 site=" site " name=- real=- detail=- flags=0 refs=0[]\n"
#define OBJ(addr, type, mem) "object " addr " " type " mem=" mem REST("-:0")
#define FFFD "\xef\xbf\xbd"

/* A dump, and all that it says; bad: bad lines. */
struct hostile {
	const char *what, *dump;
	size_t n;
	const char *want;
	uint64_t lines, bad;
};
#define CASE(what, dump, want, lines, bad) {what, dump, sizeof(dump) - 1, want, lines, bad}

static const struct hostile cases[] = {
	CASE("nothing", "", "", 0, 0),
	CASE("only blanks", " \t\r\n\n \r\n", "", 0, 0),
	CASE("no LF at the end", S("8") "\"memsize\":40}", OBJ("8", "STRING", "40"), 1, 0),
	CASE("torn at the end", S("8") "\"memsize\":40}\n" S("10") "\"memsi", OBJ("8", "STRING", "40"), 2, 1),
	CASE("NUL bytes", "\0\n" S("8") "\"value\":\"a\0b\", \"memsize\":40}\n" S("10") "\0\"memsize\":40}\n",
	     OBJ("8", "STRING", "40"), 3, 2),
	CASE("NUL in a file and in a key", S("8") "\"file\":\"a\0b\", \"line\":3, \"memsize\0\":40}\n",
	     "object 8 STRING mem=0" REST("a:3"), 1, 0),
	CASE("two whole lines glued", S("8") "\"memsize\":40}" S("10") "\"memsize\":41}\n",
	     OBJ("8", "STRING", "40") OBJ("10", "STRING", "41"), 3, 1),
	CASE("torn and whole", S("8") "\"value\":\"se" S("10") "\"memsize\":41}\n", OBJ("10", "STRING", "41"), 2, 1),
	CASE("torn in the number and whole", S("8") "\"memsize\":4" S("10") "\"memsize\":41}\n", OBJ("10", "STRING", "41"), 2, 1),
	CASE("garbage and whole", "secret\", \"memsize\":9}" S("10") "\"memsize\":41}\n", OBJ("10", "STRING", "41"), 2, 1),
	CASE("whole and garbage", S("8") "\"memsize\":40}x\n" S("10") "\"memsize\":41}\n", OBJ("10", "STRING", "41"), 2, 1),
	CASE("a ROOT glued to a torn line", S("8") "\"cl{\"type\":\"ROOT\", \"root\":\"vm\", \"references\":[\"0x8\"]}\n",
	     "root vm n=1 first=8 last\n", 2, 1),
	CASE("ROOT without references", "{\"type\":\"ROOT\", \"root\":\"vm\"}\n", "root vm n=0 first=0 last\n", 1, 0),
	CASE("ROOT without a name", "{\"type\":\"ROOT\", \"references\":[\"0x8\"]}\n", "", 1, 1),
	CASE("invalid UTF-8 in a value", S("8") "\"value\":\"\xff\xc3\", \"memsize\":40}\n", OBJ("8", "STRING", "40"), 1, 0),
	CASE("invalid UTF-8 in a name", A("8") "\"CLASS\", \"name\":\"A\xf0\x9f\x98" "B\xff\"}\n",
	     "object 8 CLASS mem=0 bytesize=0 site=-:0 name=A" FFFD "B" FFFD " real=- detail=- flags=0 refs=0[]\n", 1, 0),
	CASE("invalid UTF-8 in a file", S("8") "\"file\":\"\xed\xa0\x80/\xc3\", \"line\":2}\n",
	     "object 8 STRING mem=0" REST(FFFD FFFD FFFD "/" FFFD ":2"), 1, 0),
	CASE("escapes in a name", A("8") "\"CLASS\", \"name\":\"a\\u00fc\\ud83d\\ude00\\ud800\\n:0x0123456789ab!\"}\n",
	     "object 8 CLASS mem=0 bytesize=0 site=-:0 name=a\xc3\xbc\xf0\x9f\x98\x80" FFFD "\n! real=- detail=- flags=0 refs=0[]\n",
	     1, 0),
	CASE("a quote in an escaped string", S("8") "\"value\":\"a\\\", \\\"memsize\\\":9}\\\\\", \"memsize\":40}\n",
	     OBJ("8", "STRING", "40"), 1, 0),
	CASE("raw file names", S("8") "\"file\":\"we\"ird\\path \\.rb\", \"line\":7}\n" S("10") "\"file\":\"q\\\", \"line\":8}\n"
	     S("18") "\"file\":\"a\", \"B\":\"\"\", \"line\":9}\n" S("20") "\"file\":\"x\"}\n" S("28") "\"file\":\"x\"} \"\"}\n",
	     "object 8 STRING mem=0" REST("we\"ird\\path \\.rb:7") "object 10 STRING mem=0" REST("q\\:8")
	     "object 18 STRING mem=0" REST("a\", \"B\":\"\":9") "object 20 STRING mem=0" REST("x:0")
	     "object 28 STRING mem=0" REST("x\"} \":0"), 5, 0),
	CASE("LF in a file name", S("8") "\"file\":\"a\nb\", \"line\":7}\n" S("10") "\"memsize\":41}\n", OBJ("10", "STRING", "41"), 3, 2),
	CASE("line without a file, and no line", S("8") "\"line\":7}\n" S("10") "\"file\":\"a\", \"line\":0}\n"
	     S("18") "\"file\":\"a\", \"line\":4294967295}\n" S("20") "\"file\":\"a\", \"line\":4294967296}\n" S("28") "\"file\":\"\", \"line\":1}\n",
	     OBJ("8", "STRING", "0") "object 10 STRING mem=0" REST("a:0") "object 18 STRING mem=0" REST("a:4294967295")
	     "object 20 STRING mem=0" REST("a:0") OBJ("28", "STRING", "0"), 5, 0),
	CASE("repeated keys", S("8") "\"memsize\":40, \"memsize\":41}\n" S("10") "\"memsize\":40, \"memsize\":-1}\n"
	     A("18") "\"HASH\", \"type\":\"OBJECT\", \"class\":\"0x8\", \"class\":null, \"address\":\"0x20\"}\n"
	     A("28") "\"HASH\", \"type\":5}\n",
	     OBJ("8", "STRING", "41") OBJ("10", "STRING", "0") OBJ("20", "OBJECT", "0"), 4, 1),
	CASE("references twice", A("8") "\"ARRAY\", \"references\":[\"0x10\", \"0x18\"], \"references\":[\"0x20\"], \"memsize\":40}\n"
	     A("10") "\"ARRAY\", \"references\":[\"0x10\"], \"references\":null}\n",
	     "object 8 ARRAY mem=40 bytesize=0 site=-:0 name=- real=- detail=- flags=0 refs=1[ 20]\n" OBJ("10", "ARRAY", "0"), 2, 0),
	CASE("entries that are no address", A("8") "\"ARRAY\", \"references\":[\"0x10\",5,null,\"x\",\"0xg\",0x18,[\"0x20\"],\"0x12345678901234567\"]}\n",
	     "object 8 ARRAY mem=0 bytesize=0 site=-:0 name=- real=- detail=- flags=0 refs=2[ 10 18]\n", 1, 0),
	CASE("negative numbers", S("8") "\"memsize\":-40}\n", OBJ("8", "STRING", "0"), 1, 0),
	CASE("fractions", S("8") "\"memsize\":4.5}\n" S("10") "\"memsize\":1e3}\n", OBJ("8", "STRING", "0") OBJ("10", "STRING", "0"), 2, 0),
	CASE("large numbers", S("8") "\"memsize\":9223372036854775807}\n" S("10") "\"memsize\":9223372036854775808}\n"
	     S("18") "\"memsize\":99999999999999999999999999}\n" S("20") "\"memsize\":00000000000000000000000000000040}\n"
	     S("28") "\"memsize\":1234567890123456}\n" S("30") "\"memsize\":12345678901234567}\n" S("38") "\"memsize\":12345678}\n",
	     OBJ("8", "STRING", "9223372036854775807") OBJ("10", "STRING", "0") OBJ("18", "STRING", "0") OBJ("20", "STRING", "40")
	     OBJ("28", "STRING", "1234567890123456") OBJ("30", "STRING", "12345678901234567") OBJ("38", "STRING", "12345678"), 7, 0),
	CASE("numbers of another kind", S("8") "\"memsize\":\"40\"}\n" S("10") "\"memsize\":[40]}\n" S("18") "\"memsize\":true}\n",
	     OBJ("8", "STRING", "0") OBJ("10", "STRING", "0") OBJ("18", "STRING", "0"), 3, 0),
	CASE("addresses", S("00007FFFABCDEF08") "\"memsize\":1}\n" "{\"address\":\"0XAB\", \"type\":\"STRING\", \"memsize\":2}\n"
	     S("ffffffffffffffff") "\"memsize\":3}\n" S("1ffffffffffffffff") "\"memsize\":4}\n" S("") "\"memsize\":5}\n" S("8g") "\"memsize\":6}\n",
	     OBJ("7fffabcdef08", "STRING", "1") OBJ("ab", "STRING", "2") OBJ("ffffffffffffffff", "STRING", "3"), 6, 3),
	CASE("CRLF", S("8") "\"memsize\":40}\r\n\r\n" S("10") "\"memsize\":41}\r\n", OBJ("8", "STRING", "40") OBJ("10", "STRING", "41"), 2, 0),
	CASE("compact", "{\"address\":\"0x8\",\"type\":\"ARRAY\",\"length\":2,\"references\":[\"0x10\",\"0x18\"],\"file\":\"a\",\"line\":2,\"memsize\":40}\n",
	     "object 8 ARRAY mem=40 bytesize=0 site=a:2 name=- real=- detail=- flags=10 len=2 refs=2[ 10 18]\n", 1, 0),
	CASE("padded", " \t{ \"address\" : \"0x8\" , \"type\" :\t\"ARRAY\" , \"references\" : [ \"0x10\" , \"0x18\" ] , \"file\" : \"a\" , \"line\" : 2 , "
	     "\"memsize\" : 40 } \t\n",
	     "object 8 ARRAY mem=40 bytesize=0 site=a:2 name=- real=- detail=- flags=0 refs=2[ 10 18]\n", 1, 0),
	CASE("reordered", "{\"memsize\":40, \"type\":\"STRING\", \"address\":\"0x8\"}\n", OBJ("8", "STRING", "40"), 1, 0),
	CASE("nested values", S("8") "\"later\":{\"memsize\":[1, {\"a\":\"]}\\\"\"}], \"b\":{}}, \"memsize\":40}\n" S("10") "\"x\":[[}, \"memsize\":1}\n",
	     OBJ("8", "STRING", "40"), 2, 1),
	CASE("types of tomorrow", A("8") "\"FUTURE\", \"memsize\":40}\n" A("10") "\"STRINGS\"}\n" A("18") "\"\"}\n" A("20") "\"NONE\"}\n",
	     OBJ("8", "FUTURE", "40") OBJ("10", "STRINGS", "0"), 4, 1),
	CASE("no record", "[]\n{}\n{\"address\":\"0x8\"}\n{\"type\":\"STRING\"}\n,\n{\"address\":\"0x8\" \"type\":\"STRING\"}\n" A("8") "\"STRING\",}\n", "", 7, 7),
	CASE("Ruby's own line", A("7f00deadbee8") "\"HASH\", \"shape_id\":1, \"slot_size\":160, \"class\":\"0x7f00deadbe00\", \"size\":3, "
	     "\"references\":[\"0x7f00deadbe10\"], \"file\":\"/srv/app/models/order.rb\", \"line\":42, \"method\":\"to_h\", \"generation\":17, "
	     "\"memsize\":160, \"flags\":{\"wb_protected\":true, \"old\":true}}\n",
	     "object 7f00deadbee8 HASH mem=160 bytesize=0 site=/srv/app/models/order.rb:42 name=- real=- detail=- flags=55 "
	     "class=7f00deadbe00 gen=17 len=3 shape=1 refs=1[ 7f00deadbe10]\n", 1, 0),
};
enum { NCASES = sizeof(cases) / sizeof(*cases) };
static const enum scan_impl impls[] = {SCAN_PLAIN, SCAN_SSE2, SCAN_SIMD};
enum { NIMPLS = sizeof(impls) / sizeof(*impls) };

static uint64_t hash_of(struct recording_opts o, const uint8_t *p, size_t n)
{
	struct recording r;
	recording_run(&r, &o, p, n);
	return r.hash;
}

/* Every cut in two, one byte at a time, small pieces; each in a block of its own. */
static void check_cuts(const char *what, const uint8_t *p, size_t n)
{
	uint64_t want = hash_of((struct recording_opts){.impl = SCAN_PLAIN, .keep_values = true}, p, n);
	for (int i = 0; i < NIMPLS; i++) {
		struct recording_opts o = {.impl = impls[i], .keep_values = true, .own = true};
		for (o.first = 0; o.first <= n; o.first++)
			if (hash_of(o, p, n) != want)
				fail_msg("%s: impl %d cut at %zu says something else", what, (int)impls[i], o.first);
		o.first = 0;
		for (o.piece = 1; o.piece <= 80; o.piece += o.piece < 3 ? 1 : 11)
			if (hash_of(o, p, n) != want)
				fail_msg("%s: impl %d in pieces of %zu says something else", what, (int)impls[i], o.piece);
	}
}

static void lines_say_what_is_written(void **state)
{
	(void)state;
	for (int i = 0; i < NCASES; i++) {
		const struct hostile *c = &cases[i];
		struct dump_bytes d = dump_copy(c->dump, c->n);
		struct recording r;
		recording_run(&r, &(struct recording_opts){.impl = SCAN_PLAIN, .text = true}, d.p, d.n);
		print_message("# %s\n", c->what);
		assert_string_equal(r.text ? r.text : "", c->want);
		assert_int_equal(r.stats.lines, c->lines);
		assert_int_equal(r.stats.bad_lines, c->bad);
		assert_int_equal(r.stats.bytes, c->n);
		free(r.text);
		check_cuts(c->what, d.p, d.n);
		free(d.p);
	}
}

/* All of them as one dump, so that no line depends on the one before. */
static void all_lines_at_every_cut(void **state)
{
	(void)state;
	size_t n = 0;
	uint64_t lines = 0, bad = 0;
	char *all = xmalloc(64 * 1024);
	for (int i = 0; i < NCASES; i++) {
		memcpy(all + n, cases[i].dump, cases[i].n);
		n += cases[i].n;
		all[n++] = '\n';
		lines += cases[i].lines;
		bad += cases[i].bad;
		assert_true(n < 60 * 1024);
	}
	struct dump_bytes d = dump_copy(all, n);
	free(all);
	struct recording r;
	recording_run(&r, &(struct recording_opts){.impl = SCAN_PLAIN}, d.p, d.n);
	assert_int_equal(r.stats.lines, lines);
	assert_int_equal(r.stats.bad_lines, bad);
	assert_int_equal(r.stats.nsamples, SCAN_BAD_SAMPLES);
	check_cuts("all lines", d.p, d.n);
	free(d.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_say_what_is_written),
		cmocka_unit_test(all_lines_at_every_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
