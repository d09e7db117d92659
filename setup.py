"""Packaging that pyproject.toml cannot describe: ``.mim`` beside the modules."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


def add_mim_extension(package: Path, link: bool) -> None:
    """Give a package the folder in which ``mim`` looks for tools and configs.

    Args:
        package (Path): Folder of the package, e.g. ``build/lib/mmseg_gist``.
        link (bool): Link to what the checkout has, so that what is edited
            there counts at once, instead of copying it.
    """
    shutil.rmtree(package / '.mim', ignore_errors=True)
    (package / '.mim').mkdir()
    for name in ('tools', 'configs'):
        target = package / '.mim' / name
        if link:
            # relative: the checkout may be moved
            target.symlink_to(Path('..', '..', name), target_is_directory=True)
        else:
            ignore = shutil.ignore_patterns('__pycache__')
            shutil.copytree(ROOT / name, target, ignore=ignore)


class BuildWithMim(build_py):
    """Builds the modules, then ``.mim``.

    All ways to install come here: wheels, and ``pip install -e`` with
    ``editable_mode`` set. The command line of ``setup.py``, where one used to
    look for ``develop``, no longer tells them apart.
    """

    def run(self):
        super().run()
        root = ROOT if self.editable_mode else Path(self.build_lib)
        add_mim_extension(root / 'mmseg_gist', link=self.editable_mode)


if __name__ == '__main__':
    setup(cmdclass=dict(build_py=BuildWithMim))
