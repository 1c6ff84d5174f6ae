"""Reading datasets, hardness tables and shards; writing files so that none is ever half there."""
