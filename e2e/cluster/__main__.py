import sys
from e2e.cluster import paths, engine
from e2e.cluster.progress import Progress
from e2e.cluster.tools import Tools, CLIENTS
p = paths.find()
if sys.argv[1] == "engine":
    print(engine.ensure(p, Progress()))
if sys.argv[1] == "tools":
    Tools(p, Progress()).ensure(sys.argv[2:] or CLIENTS)
if sys.argv[1] == "bases":
    from e2e.cluster.bases import Bases
    from e2e.cluster.registry import Registry
    pr=Progress(); d=engine.ensure(p, pr)
    Bases(d, Registry(d, pr), p, pr).ensure(sys.argv[2:])
if sys.argv[1] == "node":
    from e2e.cluster.bases import Bases
    from e2e.cluster.registry import Registry
    from e2e.cluster.node_image import NodeImages
    pr=Progress(); d=engine.ensure(p, pr)
    r=Registry(d, pr)
    print(NodeImages(d, r, Bases(d, r, p, pr), Tools(p, pr), p, pr).ensure(may_pull=False))
