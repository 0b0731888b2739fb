# tests/unit/query: one cmocka program a module of src/query.
