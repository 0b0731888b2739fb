# src/cli: sources of this stage.
