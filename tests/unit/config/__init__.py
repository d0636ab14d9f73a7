"""From text to hosts: fleet files, Docker contexts, the environment, URLs."""
