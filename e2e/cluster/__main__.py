import sys
from e2e.cluster import paths, engine
from e2e.cluster.progress import Progress
print(engine.ensure(paths.find(), Progress()))
