# Every test speaks TAP, so that each case counts; tests/summary.sh adds them up.
TEST_EXTENSIONS = .sh .rb
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
RB_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = $(SHELL)
RB_LOG_COMPILER = $(RUBY)
AM_TESTS_ENVIRONMENT = \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	RUBY='$(RUBY)'; export RUBY; CC='$(CC)'; export CC; \
	HDA_CFLAGS='$(EVENT_CFLAGS) $(LMDB_CFLAGS) $(MSGPACK_CFLAGS) $(SYSTEMD_CFLAGS) $(ZSTD_CFLAGS) $(SMARTCOLS_CFLAGS) $(INIH_CFLAGS) $(XXHASH_CFLAGS) $(SODIUM_CFLAGS)'; export HDA_CFLAGS; \
	HDA_SHARED="$${HDA_SHARED:-$(abs_top_srcdir)/../shared}"; export HDA_SHARED; \
	ASAN_OPTIONS="$${ASAN_OPTIONS:-detect_leaks=1:allocator_may_return_null=1}"; export ASAN_OPTIONS; \
	UBSAN_OPTIONS="$${UBSAN_OPTIONS:-print_stacktrace=1}"; export UBSAN_OPTIONS; \
	LC_ALL=C.UTF-8; export LC_ALL;

EXTRA_DIST += build-aux/tap-driver.sh tests/README.md tests/part.py tests/summary.sh tests/tap.sh

# Tests start in this order: those that take long first, so that the last ones end together when they run beside each other.
include tests/verdict/local.mk
include tests/unit/graph/local.mk
include tests/unit/query/local.mk
include tests/integration/local.mk
include tests/unit/reduce/local.mk
include tests/unit/scan/local.mk
include tests/unit/store/local.mk
include tests/unit/base/local.mk
include tests/unit/proto/local.mk
include tests/unit/frame/local.mk
include tests/unit/analyze/local.mk
include tests/unit/socket/local.mk
include tests/unit/daemon/local.mk
include tests/unit/cli/local.mk
include tests/fixtures/local.mk
include tests/lint/local.mk
include tests/fuzz/local.mk
include tests/bench/local.mk
