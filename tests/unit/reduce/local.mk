# tests/unit/reduce: one cmocka program a module of src/reduce.
