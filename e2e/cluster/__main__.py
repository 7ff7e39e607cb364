import sys
from e2e.cluster import paths, engine
from e2e.cluster.progress import Progress
from e2e.cluster.tools import Tools, CLIENTS
p = paths.find()
if sys.argv[1] == "engine":
    print(engine.ensure(p, Progress()))
if sys.argv[1] == "tools":
    Tools(p, Progress()).ensure(sys.argv[2:] or CLIENTS)
