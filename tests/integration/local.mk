# tests/integration: the whole daemon, driven from outside. lib.sh starts and stops it, peer.py speaks to it.
EXTRA_DIST += tests/integration/killed_cases.py tests/integration/notify.py tests/integration/lib.sh tests/integration/peer.py tests/integration/update-docs.sh
# The gem beside the daemon: these take longest.
TESTS += tests/integration/ruby_drills.sh tests/integration/ruby_client.sh tests/integration/ruby_rails.sh tests/integration/sidekiq.sh \
	tests/integration/gem_demand.sh tests/integration/gem_threads.sh tests/integration/ruby_others.sh
EXTRA_DIST += tests/integration/gem_demand.sh tests/integration/gem_demand_worker.rb tests/integration/gem_threads.sh tests/integration/gem_threads_worker.rb tests/integration/gem_tests.sh tests/integration/ruby_client.sh tests/integration/ruby_drills.sh tests/integration/ruby_others.sh tests/integration/ruby_rails.sh tests/integration/sidekiq.sh tests/integration/sidekiq_app.rb tests/integration/demo.sh tests/integration/demo_worker.rb
HDAD_TESTS = \
	tests/integration/hdad_docs.sh tests/integration/hdad_life.sh tests/integration/hdad_drain.sh \
	tests/integration/hdad_hostile.sh tests/integration/hdad_systemd.sh tests/integration/hdad_limits.sh tests/integration/hdad_disk.sh tests/integration/hdad_planted.sh \
	tests/integration/hdad_killed.sh
TESTS += $(HDAD_TESTS)
EXTRA_DIST += $(HDAD_TESTS)
TESTS += tests/integration/cli_random.sh tests/integration/cli_files.sh tests/integration/cli_remote.sh tests/integration/cli_contract.sh tests/integration/cli_tables.sh
EXTRA_DIST += tests/integration/cli_random.sh tests/integration/cli_random.py tests/integration/cli_files.sh tests/integration/cli_remote.sh tests/integration/cli_contract.sh tests/integration/cli_tables.sh
TESTS += tests/integration/holders_kinds.sh tests/integration/holders_path.sh tests/integration/leaks_shapes.sh tests/integration/hdad_graph.sh
TESTS += tests/integration/leaks.sh
EXTRA_DIST += tests/integration/leaks.sh tests/integration/leaks_feed.py
EXTRA_DIST += tests/integration/holders_kinds.sh tests/integration/holders_path.sh tests/integration/leaks_shapes.sh tests/integration/leaks_shapes_program.rb tests/integration/hdad_graph.sh tests/integration/holders_program.rb
