/* leaks: RSS beside the Ruby heap, of a real process. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "hda/protocol.h"
#include "play.h"

/* Sidekiq 6.4 on Ruby 3.1 with the gem, 50 000 jobs in two and a half minutes, a dump each 1000: a leak of 128 B a job in the Ruby heap, much
 * garbage, a heap that is made larger once. Figures of GC.stat and /proc as the dumps brought them; seconds, kB. */
static const struct { uint64_t jobs, t, rss, bytes, garbage, ngarbage, free_slots; } dumps[] = {
	{1000, 0, 64516, 39969, 3936, 52608, 114190}, {2000, 2, 65132, 45023, 8674, 117108, 45589}, {3000, 5, 65556, 41983, 5272, 70743, 87949},
	{4000, 8, 65800, 42870, 5909, 78197, 76523}, {5000, 10, 66248, 46992, 9679, 130539, 22156}, {6000, 13, 66516, 44580, 7133, 96479, 54141},
	{7000, 16, 66748, 45502, 7931, 105436, 43200}, {8000, 19, 67008, 41107, 3410, 46958, 99667}, {9000, 21, 67432, 41784, 3738, 50281, 94340},
	{10000, 24, 67652, 46195, 8025, 108818, 33819}, {11000, 27, 67888, 46041, 7745, 105756, 34869}, {12000, 30, 68060, 42414, 3994, 53427, 85208},
	{13000, 32, 68204, 44113, 5568, 76932, 59695}, {14000, 35, 68360, 43363, 4693, 64074, 70553}, {15000, 38, 69288, 39434, 639, 8333, 124298},
	{16000, 41, 69352, 43049, 4131, 54049, 76615}, {17000, 44, 69884, 42560, 3067, 40767, 87863}, {18000, 47, 69948, 46347, 6729, 92331, 34310},
	{19000, 50, 70004, 46299, 6556, 90157, 34468}, {20000, 52, 70028, 43874, 4005, 54221, 68406}, {21000, 55, 70376, 45176, 5182, 70306, 50313},
	{22000, 58, 70436, 43052, 2933, 38782, 79831}, {23000, 61, 70456, 45213, 4970, 65944, 50683}, {24000, 64, 70508, 44949, 4581, 61322, 53306},
	{25000, 67, 70560, 47078, 6585, 90262, 22372}, {26000, 70, 70596, 47094, 6476, 85561, 25064}, {27000, 73, 70760, 46682, 5939, 79059, 29563},
	{28000, 76, 70840, 48362, 7494, 99514, 7119}, {29000, 79, 79204, 43897, 2902, 37998, 239042}, {30000, 82, 79760, 47314, 6196, 83663, 191393},
	{31000, 85, 80052, 54168, 12925, 171835, 101217}, {32000, 88, 80304, 42929, 1561, 21269, 249781}, {33000, 91, 81076, 52498, 9836, 130078, 138700},
	{34000, 94, 81212, 48279, 5508, 75234, 191813}, {35000, 98, 81284, 52748, 9843, 129173, 135731}, {36000, 101, 81400, 58979, 15959, 216519, 46537},
	{37000, 104, 81508, 58948, 15804, 215279, 45789}, {38000, 107, 81604, 61365, 18095, 243382, 15672}, {39000, 110, 81708, 55033, 11631, 161799, 95147},
	{40000, 113, 81808, 51486, 7953, 106305, 148547}, {41000, 116, 81928, 52400, 8750, 117761, 135223}, {42000, 119, 82012, 60342, 16571, 217945, 33101},
	{43000, 123, 82164, 59182, 15237, 202142, 46128}, {44000, 127, 82296, 48051, 3963, 55765, 190207}, {45000, 131, 82488, 53609, 9351, 125694, 117550},
	{46000, 134, 82576, 53669, 9264, 129870, 111021}, {47089, 137, 82644, 57961, 13452, 182782, 56439}, {48089, 140, 82740, 54578, 9933, 134725, 102329},
	{49089, 144, 82876, 56128, 11359, 149895, 85212},
};
enum { DUMPS = sizeof(dumps) / sizeof(*dumps) };

/* more: kB that leak outside of the Ruby heap with each 1000 jobs. */
static void put(struct store *st, size_t k, uint64_t more)
{
	struct dump_summary *s = play_dump(&(struct play){.pid = 1, .alive = early, .untraced = true}, k);
	s->head.jobs = dumps[k].jobs;
	s->head.time = 1e9 + (double)dumps[k].t;
	s->head.rss = 1024 * (dumps[k].rss + more * dumps[k].jobs / 1000);
	s->head.heap_free_slots = dumps[k].free_slots;
	s->bytes = 1024 * dumps[k].bytes;
	s->has_graph = true;
	s->garbage = (struct tally){dumps[k].ngarbage, 1024 * dumps[k].garbage};
	put_dump(st, s);
}

static bool says_native(struct store *st)
{
	struct caught c = {0};
	ask_at(&c, st, 2e9, "leaks");
	assert_int_equal(c.status, HDA_STATUS_OK);
	bool says = strstr(c.notes, "native leak") != NULL;
	caught_done(&c);
	return says;
}

/* What a real process takes more and more slowly, and at once when its heap is made larger, is no native leak at any number of dumps. */
static void test_warm_up(void **state)
{
	struct store *st = sample_store();
	(void)state;
	for (size_t k = 0; k < DUMPS; k++) {
		put(st, k, 0);
		if (says_native(st))
			fail_msg("a native leak after %zu dumps", k + 1);
	}
	store_close(st);
}

/* The same process with a native leak beside it, of so many kB each 1000 jobs: told from some dump on, through the jump of the heap. */
static void leaks_from(uint64_t kb, size_t first)
{
	struct store *st = sample_store();
	for (size_t k = 0; k < DUMPS; k++) {
		put(st, k, kb);
		if (k + 1 >= first && !says_native(st))
			fail_msg("no native leak of %llu kB after %zu dumps", (unsigned long long)kb, k + 1);
	}
	store_close(st);
}

static void test_leak(void **state)
{
	(void)state;
	leaks_from(2000, 10);
	leaks_from(1000, 12);
}

/* A process of the simulator whose RSS fills up beside a heap that happens to grow a little then; kB. */
static const struct { uint64_t jobs, rss, bytes; } fills[] = {
	{203, 112598, 8217}, {391, 149407, 8293}, {581, 174265, 8465}, {796, 190851, 8326}, {1015, 201303, 8379}, {1205, 206853, 8506},
	{1399, 210649, 8605}, {1586, 212910, 8737}, {1798, 214596, 8923}, {1979, 215087, 8493}, {2186, 216050, 8862}, {2384, 216105, 8533},
	{2581, 216479, 8600}, {2796, 216342, 8581}, {2992, 216440, 8498}, {3210, 216882, 8631}, {3421, 216728, 8517}, {3632, 215970, 8351},
	{3847, 216373, 8440}, {4051, 216950, 8609}, {4253, 216975, 8769}, {4469, 216660, 8583}, {4678, 216560, 8486}, {4896, 216429, 8529},
};

static void test_fills_up(void **state)
{
	struct store *st = sample_store();
	(void)state;
	for (size_t k = 0; k < sizeof(fills) / sizeof(*fills); k++) {
		struct dump_summary *s = play_dump(&(struct play){.pid = 1, .alive = early, .untraced = true}, k);
		s->head.jobs = fills[k].jobs;
		s->head.rss = 1024 * fills[k].rss;
		s->bytes = 1024 * fills[k].bytes;
		put_dump(st, s);
		if (says_native(st))
			fail_msg("a native leak after %zu dumps", k + 1);
	}
	store_close(st);
}

/* Dump files do not say what RSS is, and so nothing is said of it; nor where only some dumps do. */
static void test_unknown(void **state)
{
	(void)state;
	for (size_t from = 6; from <= DUMPS; from += DUMPS - 6) {
		struct store *st = sample_store();
		struct caught c = {0};
		for (size_t k = 0; k < 14; k++) {
			struct dump_summary *s = play_dump(&(struct play){.pid = 1, .alive = early, .untraced = true}, k);
			s->head.rss = k < from ? HEADER_UNKNOWN : 1024 * dumps[k].rss;
			put_dump(st, s);
		}
		ask_at(&c, st, 2e9, "leaks");
		assert_int_equal(c.status, HDA_STATUS_OK);
		assert_null(strstr(c.notes, "RSS"));
		caught_done(&c);
		store_close(st);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_warm_up), cmocka_unit_test(test_leak), cmocka_unit_test(test_fills_up), cmocka_unit_test(test_unknown)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
