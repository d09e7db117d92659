"""model-index.yml, the metafiles and the pages of the methods."""

import re
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.fileio import load
from mmengine.infer import BaseInferencer

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ['classmix', 'cutmix', 'gist', 's4gan', 'supervised']


@pytest.fixture(scope='module')
def models() -> list[dict]:
    """As mmengine reads them to find a model by its name."""
    return list(BaseInferencer._get_models_from_metafile(str(ROOT)))


def configs(folder: str = '*') -> set[str]:
    files = (ROOT / 'configs').glob(f'{folder}/*.py')
    names = {str(file.relative_to(ROOT)) for file in files}
    return {name for name in names if not re.search('configs/(_|experiments)', name)}


def test_the_index_names_every_metafile():
    files = (ROOT / 'configs').glob('*/metafile.yaml')
    names = sorted(str(file.relative_to(ROOT)) for file in files)
    assert load(ROOT / 'model-index.yml') == dict(Import=names)
    assert names == [f'configs/{folder}/metafile.yaml' for folder in FOLDERS]


def test_every_config_is_a_model_with_a_name_of_its_own(models):
    assert {model['Config'] for model in models} == configs()
    assert len(models) == len(configs())
    names = [model['Name'] for model in models]
    assert len(set(names)) == len(names)
    assert all(Path(model['Config']).stem == model['Name'] for model in models)


@pytest.mark.parametrize('folder', FOLDERS)
def test_a_collection_is_whole(folder):
    content = load(ROOT / 'configs' / folder / 'metafile.yaml')
    (collection,) = content['Collections']
    assert collection['Paper']['URL'].startswith('https://arxiv.org/abs/')
    page = ROOT / collection['README']
    assert page == ROOT / 'configs' / folder / 'README.md'
    assert collection['Paper']['URL'] in page.read_text()
    assert collection['Paper']['Title'] in page.read_text()
    assert (ROOT / collection['Code']).is_file()
    assert {model['In Collection'] for model in content['Models']} == {
        collection['Name']
    }
    data = [model['Metadata']['Training Data'] for model in content['Models']]
    assert set(data) == set(collection['Metadata']['Training Data'])


@pytest.mark.parametrize('folder', FOLDERS)
def test_the_metadata_are_those_of_the_configs(folder, models):
    of_folder = [m for m in models if m['Config'].startswith(f'configs/{folder}/')]
    backbones = {
        'ResNet-101': 'DeepLabV2ResNet',
        'EfficientNet-Lite0': 'EfficientNetLite',
        'MiT-B0': 'MixVisionTransformer',
        'FCN': 'UNet',
    }
    roots = {
        'Pascal VOC 2012 + Aug': 'VOCdevkit',
        'Pascal VOC 2012': 'VOCdevkit',
        'Cityscapes': 'cityscapes',
        'CamVid': 'camvid',
        'Shapes': 'shapes',
    }
    for model in of_folder:
        cfg = Config.fromfile(ROOT / model['Config'])
        metadata = model['Metadata']
        assert metadata['Batch Size'] == cfg.train_dataloader.batch_size
        segmentor = cfg.model.get('segmentor', cfg.model)
        assert backbones[metadata['Architecture'][1]] == segmentor.backbone.type
        root = cfg.train_dataloader.dataset.data_root
        assert roots[metadata['Training Data']] in root
        if 'voc' in model['Name']:
            assert ('voc1k' in model['Name']) == (
                'Aug' not in metadata['Training Data']
            )


@pytest.mark.parametrize('folder', FOLDERS)
def test_the_page_links_to_every_config_and_nowhere_else(folder):
    page = ROOT / 'configs' / folder / 'README.md'
    links = re.findall(r'\]\((?!https://)([^)]+)\)', page.read_text())
    files = {(page.parent / link).resolve() for link in links}
    assert all(file.is_file() for file in files)
    linked = {file for file in files if file.suffix == '.py'}
    assert linked == {ROOT / name for name in configs(folder)}


@pytest.mark.parametrize('folder', FOLDERS)
def test_the_row_of_a_config_says_what_it_is(folder):
    """Labelled part, and iterations, of the first config in each row."""
    text = (ROOT / 'configs' / folder / 'README.md').read_text()
    rows = [line.split(' | ') for line in text.splitlines() if '.py)' in line]
    assert rows
    for row in rows:
        name = re.search(r'\]\(([^)]+\.py)\)', row[-1])[1]
        if 'shapes' not in name:
            assert f'_{row[1].replace("/", "-")}' in name
        settings = Config.fromfile(ROOT / 'configs' / folder / name).train_cfg
        iters = [settings.get('max_iters') or settings.initial_iters]
        iters += [settings.stage_iters] if 'stage_iters' in settings else []
        assert [int(n.replace(',', '')) for n in re.findall('[0-9,]+', row[4])] == iters
