/* leaks: RSS beside the Ruby heap, of a real process. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "hda/protocol.h"
#include "play.h"

/* Sidekiq 6.4 on Ruby 3.1 with the gem, 50 000 jobs in two and a half minutes, a dump each 1000: a leak of 128 B a job in the Ruby heap, much
 * garbage, a heap that is made larger once. Figures of GC.stat and /proc as the dumps brought them; seconds, kB. */
struct dump { uint64_t jobs, t, rss, bytes, garbage, ngarbage, free_slots; };
static const struct dump dumps[] = {
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

/* The same application on another machine, from its sixth dump on: RSS follows the leak page by page, into slots that were free. */
static const struct dump follows[] = {
	{6000, 0, 74468, 38924, 1424, 17803, 133374}, {7000, 1, 74680, 39204, 1591, 21238, 128140},
	{8000, 3, 74932, 42467, 4733, 62800, 84638}, {9000, 4, 75344, 40586, 2510, 33107, 112417},
	{10000, 7, 75696, 39751, 1536, 20662, 122725}, {11000, 8, 75880, 41370, 3032, 40660, 100732},
	{12000, 10, 76028, 46814, 8350, 112121, 27283}, {13000, 11, 76128, 45365, 6765, 90649, 46573},
	{14000, 13, 76996, 44365, 5647, 80466, 54879}, {15000, 15, 77216, 40565, 1727, 22699, 110719},
	{16000, 17, 77268, 48108, 9143, 121697, 9687}, {17000, 18, 77816, 47824, 8288, 109765, 19643},
	{18000, 20, 77888, 43537, 3869, 52154, 75142}, {19000, 22, 77924, 47901, 8114, 110574, 14824},
	{20000, 24, 77984, 46534, 6624, 89919, 33506}, {21000, 25, 78064, 44237, 4200, 55497, 65913},
	{22000, 27, 78100, 43911, 3750, 49532, 69889}, {23000, 28, 78164, 48714, 8428, 113419, 4000},
	{24000, 30, 78368, 47484, 7073, 93667, 21747}, {25000, 31, 78404, 44476, 3942, 54555, 58884},
	{26000, 33, 78528, 47161, 6497, 90178, 21190}, {27000, 35, 78676, 46578, 5791, 76394, 33004},
	{28000, 37, 86736, 42050, 1140, 15249, 255161}, {29000, 39, 87772, 51374, 10334, 136602, 131728},
	{30000, 40, 88024, 52519, 11360, 150151, 116266}, {31000, 42, 88304, 60564, 19278, 260394, 4000},
	{32000, 44, 88484, 52374, 10963, 142600, 119778}, {33000, 46, 89160, 44897, 2209, 29922, 230474},
	{34000, 48, 89356, 45221, 2403, 32909, 225405}, {35000, 49, 89536, 56356, 13418, 178067, 78323},
	{36000, 51, 89628, 56034, 12971, 173394, 81001}, {37000, 53, 89732, 47793, 4597, 63539, 188723},
	{38000, 54, 89856, 48790, 5472, 75683, 174631}, {39000, 56, 89956, 57115, 13653, 190404, 57606},
	{40000, 57, 90032, 50044, 6457, 87635, 158373}, {41000, 61, 90320, 55567, 11825, 160472, 83097},
	{42000, 62, 90388, 51478, 7630, 104116, 137741}, {43000, 64, 90444, 51171, 7229, 99008, 141355},
	{44000, 65, 90608, 52319, 8253, 115747, 122632}, {45000, 67, 90716, 52819, 8618, 115960, 120259},
	{46000, 69, 90808, 59440, 15115, 203415, 30822}, {47000, 71, 90892, 60279, 15838, 216371, 16012},
	{48000, 72, 90944, 59539, 14972, 207018, 23353}, {49000, 74, 91008, 60944, 16254, 220662, 7723},
	{50000, 77, 91160, 50602, 5791, 80108, 146353},
};
enum { FOLLOWS = sizeof(follows) / sizeof(*follows) };

/* more: kB that leak outside of the Ruby heap with each 1000 jobs. */
static void put(struct store *st, const struct dump *d, size_t k, uint64_t more)
{
	struct dump_summary *s = play_dump(&(struct play){.pid = 1, .alive = early, .untraced = true}, k);
	s->head.jobs = d->jobs;
	s->head.time = 1e9 + (double)d->t;
	s->head.rss = 1024 * (d->rss + more * d->jobs / 1000);
	s->head.heap_free_slots = d->free_slots;
	s->bytes = 1024 * d->bytes;
	s->has_graph = true;
	s->garbage = (struct tally){d->ngarbage, 1024 * d->garbage};
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

static void no_native_leak(const struct dump *d, size_t n)
{
	struct store *st = sample_store();
	for (size_t k = 0; k < n; k++) {
		put(st, &d[k], k, 0);
		if (says_native(st))
			fail_msg("a native leak after %zu dumps", k + 1);
	}
	store_close(st);
}

/* What a real process takes more and more slowly, and at once when its heap is made larger, is no native leak at any number of dumps. */
static void test_warm_up(void **state)
{
	(void)state;
	no_native_leak(dumps, DUMPS);
}

/* Nor is what goes along with a leak in the heap. */
static void test_beside_a_leak(void **state)
{
	(void)state;
	no_native_leak(follows, FOLLOWS);
}

/* The same process with a native leak beside it, of so many kB each 1000 jobs: told from some dump on, through the jump of the heap. */
static void leaks_from(const struct dump *d, size_t n, uint64_t kb, size_t first)
{
	struct store *st = sample_store();
	for (size_t k = 0; k < n; k++) {
		put(st, &d[k], k, kb);
		if (k + 1 >= first && !says_native(st))
			fail_msg("no native leak of %llu kB after %zu dumps", (unsigned long long)kb, k + 1);
	}
	store_close(st);
}

static void test_leak(void **state)
{
	(void)state;
	leaks_from(dumps, DUMPS, 2000, 10);
	leaks_from(dumps, DUMPS, 1000, 12);
	leaks_from(follows, FOLLOWS, 2000, 10);
	leaks_from(follows, FOLLOWS, 1000, 12);
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

/* One String that grows by 600 kB from dump to dump, each second time into a buffer twice as large: all of that lives at once, and RSS has of
 * it what is written. Nothing else is going on, whenever the buffer is made larger. */
static void test_buffer_that_doubles(void **state)
{
	(void)state;
	for (uint64_t first = 500; first <= 900; first += 80) {
		struct store *st = sample_store();
		for (size_t k = 0; k < 60; k++) {
			uint64_t written = 600 * (k + 1), room = first;
			while (room < written)
				room *= 2;
			put(st, &(struct dump){1000 * (k + 1), 60 * k, 18000 + written, 8000 + room, 800, 8000, 20000}, k, 0);
			if (says_native(st))
				fail_msg("a native leak after %zu dumps", k + 1);
		}
		store_close(st);
	}
}

/* 30 Strings of up to 6 kB that are replaced, 12 000 jobs of Ruby 3.1 with two major GCs: RSS, and what malloc gave since the last of them; kB. */
static const struct { uint64_t rss, oldmalloc; } replaced[] = {
	{16616, 1902}, {17264, 2829}, {17840, 3334}, {18532, 4051}, {19216, 4401}, {19912, 5300}, {20584, 5843}, {21292, 6489}, {21984, 7222},
	{22640, 8044}, {23360, 8536}, {24028, 9458},
};

/* more: kB that leak outside of the Ruby heap between two dumps. Dumps after which a native leak was told. */
static unsigned told_while_replaced(bool knows, uint64_t more)
{
	struct store *st = sample_store();
	unsigned told = 0;
	for (size_t k = 0; k < sizeof(replaced) / sizeof(*replaced); k++) {
		struct dump_summary *s = play_dump(&(struct play){.pid = 1, .alive = early, .untraced = true}, k);
		s->head.jobs = 1000 * (k + 1);
		s->head.time = 1e9 + 60. * (double)k;
		s->head.rss = 1024 * (replaced[k].rss + more * k);
		s->head.oldmalloc_increase_bytes = knows ? 1024 * replaced[k].oldmalloc : HEADER_UNKNOWN;
		s->bytes = 5600 * 1024;
		s->has_graph = true;
		s->garbage = (struct tally){8000, 1000 * 1024};
		put_dump(st, s);
		told += says_native(st);
	}
	store_close(st);
	return told;
}

/* Where major GCs are rare, old garbage fills RSS. */
static void test_old_garbage(void **state)
{
	(void)state;
	assert_int_equal(told_while_replaced(true, 0), 0);
	assert_true(told_while_replaced(true, 1000) >= 5);
	assert_true(told_while_replaced(false, 0) > 0); /* from files, which do not say it, nobody could tell */
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
	    cmocka_unit_test(test_warm_up), cmocka_unit_test(test_beside_a_leak), cmocka_unit_test(test_leak), cmocka_unit_test(test_fills_up),
	    cmocka_unit_test(test_buffer_that_doubles), cmocka_unit_test(test_old_garbage),
	    cmocka_unit_test(test_unknown)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
