# tests/unit/scan: one cmocka program a module of src/scan.
