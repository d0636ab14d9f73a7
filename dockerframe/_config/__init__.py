"""Where a fleet is described: files, Docker contexts, the environment. From text to hosts, nothing is connected."""
