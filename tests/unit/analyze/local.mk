# tests/unit/analyze: one cmocka program a module of src/analyze.
