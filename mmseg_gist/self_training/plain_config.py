"""One form for configs, independent of how they are written."""

from mmengine.config import Config
from mmengine.registry import Registry
from mmengine.utils import get_object_from_string
from mmseg.registry import registry as of_mmseg

from .registry import EXECUTORS, POLICIES


def plain_config(cfg: Config) -> Config:
    """A copy of a config whose types are names and whose loaders can be built.

    In mmengine's pure Python configs, types are classes; in their dumps, types are the
    full names of the classes. Here they become the names under which the classes are
    registered. Loaders without workers lose settings that torch allows only with
    workers.
    """
    imported = cfg._imported_names  # by a pure Python config, as its dump leaves out
    content = {key: cfg[key] for key in cfg if key not in imported}
    content = _with_names(content)
    content['default_scope'] = content.get('default_scope') or 'mmseg'
    for key, value in content.items():
        if key.endswith('_dataloader') and value:
            drop_worker_settings(value)
    return Config(
        content, cfg.text, cfg.filename, cfg.env_variables, cfg._format_python_code
    )


def drop_worker_settings(dataloader: dict) -> None:
    """Removes settings that a loader without workers cannot have."""
    if not dataloader.get('num_workers'):
        dataloader.pop('persistent_workers', None)
        dataloader.pop('prefetch_factor', None)


def _with_names(value):
    if isinstance(value, dict):
        return {
            key: _name(item) if key in ('type', 'constructor') else _with_names(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return type(value)([_with_names(item) for item in value])
    return value


def _name(kind):
    """The name under which a class or a function is registered, else its full one."""
    found = kind
    if isinstance(kind, str):
        if '.' not in kind:
            return kind
        found = get_object_from_string(kind)
    name = getattr(found, '__name__', None)
    if name is None:  # such as mmseg.LoadAnnotations, whose scope is mmseg
        return kind
    for registry in (*vars(of_mmseg).values(), POLICIES, EXECUTORS):
        if isinstance(registry, Registry):
            inherited = registry.parent.module_dict if registry.parent else {}
            if {**inherited, **registry.module_dict}.get(name) is found:
                return name
    return f'{found.__module__}.{found.__qualname__}'
