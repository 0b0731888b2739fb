# tests/unit/daemon: one cmocka program a module of src/daemon.
