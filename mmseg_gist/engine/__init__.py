from . import hooks, optim, runner  # noqa: F401
