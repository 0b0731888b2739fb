# tests/unit/graph: one cmocka program a module of src/graph.
