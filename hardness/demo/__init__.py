"""The whole product on a sample made here: generate, score, build, train, compare."""
