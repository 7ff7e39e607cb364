"""Looking: the cache of children, lists, and the facts a snapshot is made of."""
