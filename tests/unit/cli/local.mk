# tests/unit/cli: one cmocka program a module of src/cli.
