# src/analyze: sources of this stage.
